extension SessionManager {
    /// Says whether a token is good, and notes the activity (contract §3, §5).
    ///
    /// A session whose deadline has passed is answered as expired and left for the reaper to end, so that validating
    /// stays a read.
    func validate(
        _ validate: ValidateSession, tenant: String, in transaction: inout SubjectTransaction
    ) -> Outcome {
        .succeeded(.validated(validation(of: validate, tenant: tenant, in: &transaction)))
    }

    private func validation(
        of validate: ValidateSession, tenant: String, in transaction: inout SubjectTransaction
    ) -> Validation {
        guard let token = validate.token.presented else { return .invalid(.malformed, nil, .login) }
        guard var session = transaction.session(token.session, tenant: tenant),
            session.credentials.session == token.digest
        else { return .invalid(.unknown, nil, .login) }

        let policy = transaction.policies.governing(session)
        if let (reason, remedy) = impediment(of: session, under: policy, now: transaction.now) {
            return .invalid(reason, session, remedy)
        }
        if let (reason, remedy) = shortfall(of: session, from: validate.requirement, now: transaction.now) {
            return .invalid(reason, session, remedy)
        }
        let resting = transaction.now.milliseconds - session.lastActiveAt.milliseconds
        if validate.touch, resting >= policy.touchIntervalMilliseconds(idleSeconds: session.idleSeconds) {
            transaction.touch(&session)
        }
        return .valid(session)
    }

    /// What keeps a session from being good at all.
    private func impediment(
        of session: Session, under policy: SessionPolicy, now: Timestamp
    ) -> (Validation.InvalidityReason, Validation.Remedy?)? {
        switch session.status {
        case .revoked: (.revoked, .login)
        case .expired: session.ending.map { expired($0.reason, at: $0.at, under: policy, now: now) }
        case .active, .pending, .locked:
            if let reason = session.expiry(at: now) {
                expired(reason, at: session.idleExpiresAt, under: policy, now: now)
            } else {
                switch session.status {
                case .pending: (.pending, .elevate)
                case .locked: (.locked, nil)
                case .active, .revoked, .expired: nil
                }
            }
        }
    }

    private func expired(
        _ reason: EndReason, at end: Timestamp, under policy: SessionPolicy, now: Timestamp
    ) -> (Validation.InvalidityReason, Validation.Remedy?) {
        switch reason {
        case .expiredIdle:
            (.expiredIdle, now <= end.adding(seconds: policy.reauthenticationWindowSeconds) ? .reauthenticate : .login)
        case .expiredPending: (.expiredPending, .login)
        default: (.expiredAbsolute, .login)
        }
    }

    /// What a good session lacks for what the caller is about to do.
    private func shortfall(
        of session: Session, from requirement: ValidateSession.Requirement, now: Timestamp
    ) -> (Validation.InvalidityReason, Validation.Remedy?)? {
        if let level = requirement.level, session.level < level { return (.levelTooLow, .elevate) }
        if let limit = requirement.maxAuthenticationAgeSeconds {
            guard let at = session.authenticatedAt, now <= at.adding(seconds: limit) else {
                return (.authenticationTooOld, .reauthenticate)
            }
        }
        return nil
    }
}
