extension SessionManager {
    /// Begins a session, within the limit of its policy (contract §3, §8).
    func create(
        _ create: CreateSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        guard let policy = transaction.policies[create.policy, tenant: tenant] else {
            throw .rejected(.policyNotFound, "there is no policy with that name")
        }
        let lifetime = try lifetime(of: create, under: policy)
        let authenticatedAt = try authenticationTime(of: create.authentication, now: transaction.now)
        try requireEnabled(transaction.aggregate.subject)

        transaction.settleDeadlines()
        let parent = try create.parent.map { parent throws(Stop) in
            try self.parent(parent.id, tenant: tenant, in: transaction)
        }
        var assurance = Assurance(
            methods: create.authentication?.methods ?? [],
            ceiling: parent?.assurance.ceilingForChild(at: transaction.now))
        var request = PlaceRequest(
            tenant: tenant, subject: create.subject, policyName: create.policy, policy: policy)
        if let proof = create.factor {
            // A session that shows a code begins active or not at all. If it cannot begin, the code must not be used
            // up.
            if parent == nil, let rejection = rejectWithoutRoom(for: request, in: &transaction) {
                return .rejected(rejection)
            }
            if let methods = methods(ofKind: proof.kind) {
                let shown = assurance.showing(methods)
                try requireNoChallenge(
                    to: create, below: parent, assurance: shown, under: policy, in: transaction)
            }
            let verification = try verify(
                proof, tenant: tenant, subject: create.subject, under: policy.mfa, in: &transaction)
            switch verification {
            case .wrong(let rejection): return .rejected(rejection)
            case .right(let methods): assurance = assurance.showing(methods)
            }
            try requireNoChallenge(to: create, below: parent, assurance: assurance, under: policy, in: transaction)
        }
        let challenge = challenge(
            to: create, below: parent, assurance: assurance, under: policy, in: transaction)
        request.isPending = challenge != nil
        let room = parent == nil ? makeRoom(for: request, in: &transaction) : .available(evicted: [])
        guard case .available(let evicted) = room else { return .rejected(room.rejection) }

        let now = transaction.now
        let id = transaction.makeSessionID()
        let expiresAt = now.adding(seconds: lifetime.absolute)
        var session = Session(
            id: id, tenant: tenant, subject: create.subject, policy: create.policy, createdAt: now,
            idleSeconds: lifetime.idle, expiresAt: parent.map { min($0.expiresAt, expiresAt) } ?? expiresAt,
            actor: create.actor ?? parent?.actor, status: challenge == nil ? .active : .pending, parentID: parent?.id,
            assurance: assurance, authenticatedAt: authenticatedAt, device: create.device, context: create.context,
            attributes: create.attributes, lastActiveAt: now, generation: 1, credentials: .none,
            pendingUntil: challenge?.expiresAt, placedAt: create.context?.coordinates == nil ? nil : now,
            isCreationImplied: true)
        try transaction.requireRoom(for: session)
        let issued = replaceTokens(of: &session, under: policy, in: &transaction)
        transaction.put(session)
        transaction.announce(.created, of: session)
        return .granted(.created(session: session, tokens: issued, evicted: evicted, challenge: challenge))
    }

    /// The idle and absolute lifetime in seconds: the policy's, or the shorter ones in the command.
    private func lifetime(of create: CreateSession, under policy: SessionPolicy) throws(Stop) -> (
        idle: Int, absolute: Int
    ) {
        let absolute = create.absoluteSeconds ?? policy.absoluteSeconds
        guard absolute <= policy.absoluteSeconds else {
            throw .failed(
                .invalidField, "the policy allows at most \(policy.absoluteSeconds) seconds", path: "/absoluteSeconds")
        }
        guard let idle = create.idleSeconds else { return (min(policy.idleSeconds, absolute), absolute) }
        guard idle <= policy.idleSeconds else {
            throw .failed(
                .invalidField, "the policy allows at most \(policy.idleSeconds) seconds", path: "/idleSeconds")
        }
        guard idle <= absolute else {
            throw .failed(
                .invalidField, "the idle lifetime must not exceed the absolute lifetime of \(absolute) seconds",
                path: "/idleSeconds")
        }
        return (idle, absolute)
    }

    /// The parent of a new child, if it may have another one.
    private func parent(
        _ id: SessionID?, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> Session {
        if let id, id.handle != transaction.aggregate.handle {
            throw .failed(.invalidField, "a child must have the tenant and subject of its parent", path: "/parentId")
        }
        let parent = id.flatMap { transaction.session($0, tenant: tenant) }
        guard let parent, parent.status == .active else {
            throw .rejected(.parentNotActive, "the parent is not an active session")
        }
        try requirePlace(below: parent, height: 0, in: transaction)
        return parent
    }

    /// Rejects a subtree of `height` levels plus one below `parent` if its policy does not allow it.
    func requirePlace(
        below parent: Session, height: Int, in transaction: SubjectTransaction
    ) throws(Stop) {
        let policy = transaction.policies.governing(parent)
        guard transaction.depth(of: parent) + 1 + height <= policy.maxDepth else {
            throw .rejected(.hierarchyTooDeep, "sessions may be nested at most \(policy.maxDepth) levels below a root")
        }
        guard transaction.children(of: parent.id).count < policy.maxChildren else {
            throw .rejected(.hierarchyTooDeep, "a session may have at most \(policy.maxChildren) children")
        }
        guard transaction.livingCount < SubjectTransaction.maxLivingSessions else {
            throw .rejected(.limitReached, "\(SubjectTransaction.maxLivingSessions) sessions of the subject are in use")
        }
    }

    /// What the session still needs before it is active. The parent's second factor satisfies the policy if the parent
    /// began under the same policy or showed two factors. It never satisfies an extension's rule.
    private func challenge(
        to create: CreateSession, below parent: Session?, assurance: Assurance, under policy: SessionPolicy,
        in transaction: SubjectTransaction
    ) -> Challenge? {
        let now = transaction.now
        let level = assurance.level(at: now)
        let reason: Challenge.Reason
        if level < create.requiredLevel {
            reason = .mfaRequired
        } else {
            if let parent, parent.policy == create.policy || parent.assurance.level(at: now) >= 2 { return nil }
            guard level < 2 else { return nil }
            switch policy.mfa.required {
            case .never: return nil
            case .always: reason = .mfaRequired
            case .onRisk:
                let context = (create.context ?? ClientContext()).on(create.device)
                guard isRisky(context, under: policy, in: transaction) else { return nil }
                reason = .risk
            }
        }
        let awaited = max(2, create.requiredLevel)
        let isCodeEnough = assurance.showing([Self.codeMethod]).level(at: now) >= awaited
        return Challenge(
            reason: reason, methods: isCodeEnough ? methods(of: transaction.aggregate.subject) : [],
            expiresAt: now.adding(seconds: policy.mfa.pendingSeconds))
    }

    /// Rejects a session that would be pending even after its code. The code is not used up.
    private func requireNoChallenge(
        to create: CreateSession, below parent: Session?, assurance: Assurance, under policy: SessionPolicy,
        in transaction: SubjectTransaction
    ) throws(Stop) {
        let challenge = challenge(to: create, below: parent, assurance: assurance, under: policy, in: transaction)
        guard challenge == nil else { throw Self.insufficientProof(for: max(2, create.requiredLevel)) }
    }
}

extension SessionCredentials {
    /// A placeholder while a session is being created.
    fileprivate static let none = SessionCredentials(
        session: TokenDigest(bytes: [UInt8](repeating: 0, count: TokenDigest.length)), refresh: nil, lineStart: 1)
}
