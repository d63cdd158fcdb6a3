extension SessionManager {
    /// Begins a session, within the limit of its policy (contract §3, §8).
    func create(
        _ create: CreateSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws -> Outcome {
        guard let policy = transaction.policies[create.policy] else {
            throw Rejection(.policyNotFound, "there is no policy of that name")
        }
        let lifetime = try lifetime(of: create, under: policy)
        let authenticatedAt = try authenticationTime(of: create.authentication, now: transaction.now)

        transaction.settleDeadlines()
        let room = makeRoom(for: create, tenant: tenant, under: policy, in: &transaction)
        guard case .available(let evicted) = room else {
            return .rejected(Rejection(.limitReached, room.refusal))
        }

        let now = transaction.now
        let id = transaction.makeSessionID()
        let expiresAt = now.adding(seconds: lifetime.absolute)
        let refreshExpiresAt = min(now.adding(seconds: policy.refreshSeconds), expiresAt)
        let sessionToken = tokens.issue(
            .session, for: id, generation: 1, entropy: transaction.makeEntropy(count: TokenDigest.length))
        let refreshToken = tokens.issue(
            .refresh, for: id, generation: 1, entropy: transaction.makeEntropy(count: TokenDigest.length))
        let methods = create.authentication?.methods ?? []
        let session = Session(
            id: id, tenant: tenant, subject: create.subject, policy: create.policy, createdAt: now,
            idleSeconds: lifetime.idle, expiresAt: expiresAt, actor: create.actor, status: .active,
            level: AssuranceLevel.of(methods: methods), methods: methods, authenticatedAt: authenticatedAt,
            device: create.device, context: create.context, attributes: create.attributes, lastActiveAt: now,
            generation: 1,
            credentials: SessionCredentials(
                session: sessionToken.digest, refresh: refreshToken.digest, refreshExpiresAt: refreshExpiresAt,
                lineStart: 1))
        transaction.put(session)
        transaction.announce(.created, of: session)
        let issued = IssuedTokens(
            session: sessionToken.text, refresh: refreshToken.text, refreshExpiresAt: refreshExpiresAt)
        return .succeeded(.created(session: session, tokens: issued, evicted: evicted))
    }

    /// Both lifetimes in seconds: the policy's, or the shorter ones that were asked for.
    private func lifetime(of create: CreateSession, under policy: SessionPolicy) throws -> (idle: Int, absolute: Int) {
        let absolute = create.absoluteSeconds ?? policy.absoluteSeconds
        guard absolute <= policy.absoluteSeconds else {
            throw Failure(
                .invalidField, "the policy allows \(policy.absoluteSeconds) seconds at most", path: "/absoluteSeconds")
        }
        guard let idle = create.idleSeconds else { return (min(policy.idleSeconds, absolute), absolute) }
        guard idle <= policy.idleSeconds else {
            throw Failure(
                .invalidField, "the policy allows \(policy.idleSeconds) seconds at most", path: "/idleSeconds")
        }
        guard idle <= absolute else {
            throw Failure(
                .invalidField, "a session cannot rest for longer than it lasts: \(absolute) seconds",
                path: "/idleSeconds")
        }
        return (idle, absolute)
    }

    /// When the user authenticated: a caller's clock may be a minute ahead of ours, not more.
    private func authenticationTime(of authentication: Authentication?, now: Timestamp) throws -> Timestamp? {
        guard let authentication else { return nil }
        guard let at = authentication.at else { return now }
        guard at <= now.adding(seconds: 60) else {
            throw Failure(.invalidField, "the time of authentication is in the future", path: "/authentication/at")
        }
        return min(at, now)
    }
}
