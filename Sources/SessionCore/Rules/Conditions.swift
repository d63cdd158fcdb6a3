// Conditions that rules check before they do anything with a session.
extension SessionManager {
    /// The session whose current session token this is.
    func session(
        of reference: TokenReference, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> Session {
        guard let token = reference.presented, token.kind == .session,
            let session = transaction.session(token.session, tenant: tenant),
            session.credentials.session == token.digest
        else { throw .rejected(.tokenInvalid, "this is not the current token of any session") }
        return session
    }

    /// The session that a command names.
    func session(
        _ target: SessionTarget, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> Session {
        switch target {
        case .token(let reference): return try session(of: reference, tenant: tenant, in: transaction)
        case .session(let id): return try session(id, tenant: tenant, in: transaction)
        }
    }

    func session(
        _ id: SessionID?, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> Session {
        guard let session = id.flatMap({ transaction.session($0, tenant: tenant) }) else {
            throw .rejected(.sessionNotFound, "there is no session with this id")
        }
        return session
    }

    /// Rejects a session that has ended.
    func requireLiving(_ session: Session, under policy: SessionPolicy, now: Timestamp) throws(Stop) {
        switch session.status {
        case .pending, .active, .locked: return
        case .revoked: throw .rejected(.sessionEnded, "the session has been revoked")
        case .expired:
            guard canComeBack(session, under: policy, now: now) else {
                throw .rejected(.sessionEnded, "the session has expired")
            }
            throw .rejected(.reauthenticationRequired, "the session was idle for too long; authenticate again")
        }
    }

    /// Rejects every session that is not active.
    func requireActive(
        _ session: Session, under policy: SessionPolicy, now: Timestamp, orPending: Bool = false
    ) throws(Stop) {
        try requireLiving(session, under: policy, now: now)
        switch session.status {
        case .active: return
        case .locked: throw .rejected(.sessionLocked, "the session is locked")
        case .pending where orPending: return
        case .pending: throw .rejected(.sessionPending, "the session is waiting for its second factor")
        case .revoked, .expired: preconditionFailure("an ended session was refused above")
        }
    }

    /// Whether a session that idled out may still be resumed by authenticating again.
    func canComeBack(_ session: Session, under policy: SessionPolicy, now: Timestamp) -> Bool {
        guard let ending = session.ending, ending.mayComeBack else { return false }
        return now < ending.at.adding(seconds: policy.reauthenticationWindowSeconds) && now < session.expiresAt
    }

    /// Whether activity has to be written. The policy's touch interval says how far the stored time may lag behind.
    func isTouchDue(_ session: Session, under policy: SessionPolicy, now: Timestamp) -> Bool {
        now.milliseconds - session.lastActiveAt.milliseconds
            >= policy.touchIntervalMilliseconds(idleSeconds: session.idleSeconds)
    }

    func requireEnabled(_ subject: Subject?) throws(Stop) {
        guard subject?.isDisabled != true else { throw .rejected(.subjectDisabled, "the subject is disabled") }
    }

    /// When the user authenticated. A caller's clock may be at most a minute ahead of ours.
    func authenticationTime(of authentication: Authentication?, now: Timestamp) throws(Stop) -> Timestamp? {
        guard let authentication else { return nil }
        guard let at = authentication.at else { return now }
        guard at <= now.adding(seconds: 60) else {
            throw .failed(.invalidField, "the time of authentication is in the future", path: "/authentication/at")
        }
        return min(at, now)
    }
}
