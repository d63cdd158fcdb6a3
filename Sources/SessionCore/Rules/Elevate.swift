extension SessionManager {
    /// Raises a session's assurance for a while, and replaces all its tokens: whoever had them before the user proved
    /// themselves has nothing afterwards (contract §3, §6).
    func elevate(
        _ elevate: ElevateSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws -> Outcome {
        transaction.settleDeadlines()
        var session = try session(of: elevate.token, tenant: tenant, in: transaction)
        let policy = transaction.policies.governing(session)
        let now = transaction.now
        try requireActive(session, under: policy, now: now, orPending: true)

        let methods: [ExactText]
        switch elevate.proof {
        case .factor(let proof):
            let verification = try verify(
                proof, tenant: tenant, subject: session.subject, session: session, under: policy.mfa,
                in: &transaction)
            switch verification {
            case .wrong(let refusal): return .rejected(refusal)
            case .right(let right): methods = right
            }
        case .authentication(let authentication):
            session.authenticatedAt = try authenticationTime(of: authentication, now: now)
            methods = authentication.methods
        }
        if session.status == .active {
            let verdict = try judge(
                elevate.context, of: &session, under: policy, isElevation: true, in: &transaction)
            if let rejection = verdict.rejection { return .rejected(rejection) }
        } else if let context = elevate.context {
            accept(context, in: &session, at: now)
        }

        let levelBefore = session.assurance.level(at: now)
        session.assurance.elevate(by: methods, until: now.adding(seconds: policy.mfa.validSeconds), at: now)
        session.assurance.ceiling = transaction.parent(of: session)?.assurance.ceilingForChild(at: now)
        if session.status == .pending {
            let awaited = max(2, elevate.requiredLevel)
            guard session.assurance.level(at: now) >= awaited else {
                // Returned, not thrown: the code is used up all the same.
                return .rejected(
                    Rejection(
                        .factorRejected, "this does not amount to level \(awaited), which the session waits for"))
            }
            session.status = .active
            session.pendingUntil = nil
        }
        session.generation += 1
        session.lastActiveAt = now
        let issued = replaceTokens(of: &session, under: policy, in: &transaction)
        transaction.put(session)
        transaction.capChildren(of: session)
        transaction.announce(.elevated, of: session, detail: .previousLevel(levelBefore))
        return .succeeded(.issued(session: session, tokens: issued))
    }
}
