extension SessionManager {
    /// Answers whether a token is valid, and records the activity (contract §3, §5).
    ///
    /// A session whose deadline has passed is reported as expired, and left for the reaper to end, so that validating
    /// remains a read.
    func validate(
        _ validate: ValidateSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        .granted(.validated(try validation(of: validate, tenant: tenant, in: &transaction)))
    }

    private func validation(
        of validate: ValidateSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Validation {
        guard let id = validate.token.session else { return .invalid(.malformed, nil, .login) }
        guard let (stored, policy) = transaction.governed(id, tenant: tenant), isPresent(validate.token, in: stored)
        else { return .invalid(.unknown, nil, .login) }
        // An ancestor may have ended it.
        if stored.parentID != nil { try transaction.requireWhole() }
        guard var session = transaction.current(stored) else { return .invalid(.unknown, nil, .login) }

        if stored.cap != nil, stored.status.isLiving, !session.status.isLiving { transaction.hasten(stored) }
        if let (reason, remedy) = impediment(of: session, under: policy, now: transaction.now) {
            return .invalid(reason, session, remedy)
        }
        if case .access(let token) = validate.token, transaction.now >= token.expiresAt {
            return .invalid(.tokenExpired, session, nil)
        }
        let verdict = try judge(validate.context, of: &session, under: policy, in: &transaction)
        switch verdict {
        case .accepted: break
        case .mismatch: return .invalid(.contextMismatch, session, .elevate)
        case .locked: return .invalid(.locked, transaction.aggregate.sessions[id], nil)
        case .revoked: return .invalid(.revoked, transaction.aggregate.sessions[id], .login)
        }
        if let (reason, remedy) = shortfall(of: session, from: validate.requirement, now: transaction.now) {
            store(session, verdict, in: &transaction)
            return .invalid(reason, session, remedy)
        }
        if validate.touch, isTouchDue(session, under: policy, now: transaction.now) {
            transaction.touch(&session)
        } else {
            store(session, verdict, in: &transaction)
        }
        return .valid(session)
    }

    /// Stores a context that a rule will have to compare. Any other waits for the next touch.
    private func store(_ session: Session, _ verdict: ContextVerdict, in transaction: inout SubjectTransaction) {
        if case .accepted(teaches: true) = verdict { transaction.update(session) }
    }

    /// Whether the token belongs to the session's current line.
    private func isPresent(_ token: TokenReference, in session: Session) -> Bool {
        switch token {
        case .genuine(let token): token.kind == .session && session.credentials.session == token.digest
        case .access(let token):
            token.tenant == session.tenant && token.generation >= session.credentials.lineStart
        case .unverified, .malformed: false
        }
    }

    /// Why the session itself is not valid, if it is not.
    private func impediment(
        of session: Session, under policy: SessionPolicy, now: Timestamp
    ) -> (Validation.InvalidityReason, Validation.Remedy?)? {
        switch session.status {
        case .revoked: (.revoked, .login)
        case .expired: session.ending.map { expired(session, because: $0.reason, under: policy, now: now) }
        case .pending: (.pending, .elevate)
        case .locked: (.locked, nil)
        case .active: nil
        }
    }

    private func expired(
        _ session: Session, because reason: EndReason, under policy: SessionPolicy, now: Timestamp
    ) -> (Validation.InvalidityReason, Validation.Remedy?) {
        switch reason {
        case .expiredIdle:
            (.expiredIdle, canComeBack(session, under: policy, now: now) ? .reauthenticate : .login)
        case .expiredPending: (.expiredPending, .login)
        default: (.expiredAbsolute, .login)
        }
    }

    /// Which of the caller's requirements a valid session does not meet.
    private func shortfall(
        of session: Session, from requirement: ValidateSession.Requirement, now: Timestamp
    ) -> (Validation.InvalidityReason, Validation.Remedy?)? {
        if let level = requirement.level, session.assurance.level(at: now) < level { return (.levelTooLow, .elevate) }
        if let limit = requirement.maxAuthenticationAgeSeconds {
            guard let at = session.authenticatedAt, now <= at.adding(seconds: limit) else {
                return (.authenticationTooOld, .reauthenticate)
            }
        }
        return nil
    }
}
