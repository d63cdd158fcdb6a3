extension SessionManager {
    /// Records that the user authenticated again, in a living session or in one that idled out recently, which is then
    /// resumed as it was (contract §3). Elevations that have not expired remain.
    func reauthenticate(
        _ again: ReauthenticateSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        transaction.settleDeadlines()
        let now = transaction.now
        var session = try holder(of: again.token, tenant: tenant, in: transaction)
        let policy = transaction.policies.governing(session)
        let authenticatedAt = try authenticationTime(of: again.authentication, now: now)
        try requireEnabled(transaction.aggregate.subject)
        let comesBack = session.status == .expired && canComeBack(session, under: policy, now: now)
        if !comesBack { try requireLiving(session, under: policy, now: now) }
        if let rejection = try rejectReuse(of: again.token, session, under: policy, in: &transaction) {
            return .rejected(rejection)
        }
        if !comesBack { try requireActive(session, under: policy, now: now) }
        var assurance = session.assurance
        assurance.methods = again.authentication.methods
        assurance.ceiling = transaction.parent(of: session)?.assurance.ceilingForChild(at: now)
        let waits =
            comesBack && policy.mfa.required == .always && session.parentID == nil && assurance.level(at: now) < 2
        if comesBack {
            if let rejection = try bringBack(&session, again, waiting: waits, under: policy, in: &transaction) {
                return .rejected(rejection)
            }
        } else {
            let verdict = try judge(again.context, of: &session, under: policy, in: &transaction)
            if let rejection = verdict.rejection { return .rejected(rejection) }
        }

        session.assurance = assurance
        if waits {
            session.status = .pending
            session.pendingUntil = now.adding(seconds: policy.mfa.pendingSeconds)
        }
        session.authenticatedAt = authenticatedAt
        session.lastActiveAt = now
        session.generation += 1
        let issued = replaceTokens(of: &session, under: policy, in: &transaction)
        transaction.put(session)
        transaction.capChildren(of: session)
        transaction.announce(.reauthenticated, of: session)
        return .granted(.issued(session: session, tokens: issued))
    }

    /// Resumes a session that idled out, if its context, its parent and the limit allow it.
    ///
    /// - Parameter waits: whether it will be pending, and so counts towards the limit of pending sessions.
    private func bringBack(
        _ session: inout Session, _ again: ReauthenticateSession, waiting waits: Bool, under policy: SessionPolicy,
        in transaction: inout SubjectTransaction
    ) throws(Stop) -> RejectionWithEffect? {
        if let rejection = rejectComeback(with: again.context, of: session, under: policy, in: &transaction) {
            return rejection
        }
        if session.parentID != nil {
            guard let parent = transaction.parent(of: session), parent.status == .active else {
                throw .rejected(.parentNotActive, "the parent is not an active session")
            }
            try requirePlace(below: parent, height: 0, in: transaction)
        } else {
            let room = makeRoom(
                for: PlaceRequest(
                    tenant: session.tenant, subject: session.subject, policyName: session.policy, policy: policy,
                    isPending: waits),
                in: &transaction)
            guard case .available = room else { return room.rejection }
        }
        session.status = .active
        session.ending = nil
        _ = try judge(again.context, of: &session, under: policy, in: &transaction)
        return nil
    }

    /// The session that this session or refresh token belongs to. Whether the refresh token is still valid is checked
    /// afterwards.
    private func holder(
        of reference: TokenReference, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> Session {
        guard let token = reference.presented, token.kind == .refresh else {
            return try session(of: reference, tenant: tenant, in: transaction)
        }
        guard let session = transaction.session(token.session, tenant: tenant) else {
            throw .rejected(.tokenInvalid, "this is not the refresh token of any session")
        }
        return session
    }

    /// Handles the reuse of a replaced refresh token, as `session.refresh` does.
    private func rejectReuse(
        of reference: TokenReference, _ session: Session, under policy: SessionPolicy,
        in transaction: inout SubjectTransaction
    ) throws(Stop) -> RejectionWithEffect? {
        guard let token = reference.presented, token.kind == .refresh else { return nil }
        switch try refreshToken(token, of: session, under: policy, now: transaction.now) {
        case .reused: return endForReuse(session, in: &transaction)
        case .present, .predecessor:
            try requireUnexpiredRefreshToken(of: session, now: transaction.now)
            return nil
        }
    }
}
