extension SessionManager {
    /// Raises a session's assurance for a limited time and replaces all its tokens: tokens from before the user proved
    /// who they are stop working (contract §3, §6).
    func elevate(
        _ elevate: ElevateSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        transaction.settleDeadlines()
        var session = try session(of: elevate.token, tenant: tenant, in: transaction)
        let policy = transaction.policies.governing(session)
        let now = transaction.now
        try requireActive(session, under: policy, now: now, orPending: true)

        let awaited = max(2, elevate.requiredLevel)
        let request = PlaceRequest(
            tenant: tenant, subject: session.subject, policyName: session.policy, policy: policy, isNew: false)
        if let rejection = try rejection(of: elevate, session, under: policy, for: request, in: &transaction) {
            return .rejected(rejection)
        }
        let methods: [ExactText]
        switch elevate.proof {
        case .factor(let proof):
            let verification = try verify(
                proof, tenant: tenant, subject: session.subject, session: session, under: policy.mfa,
                in: &transaction)
            switch verification {
            case .wrong(let rejection): return .rejected(rejection)
            case .right(let right): methods = right
            }
        case .authentication(let authentication):
            session.authenticatedAt = try authenticationTime(of: authentication, now: now)
            methods = authentication.methods
        }
        let verdict = try judge(elevate.context, of: &session, under: policy, isElevation: true, in: &transaction)
        if let rejection = verdict.rejection { return .rejected(rejection) }

        let levelBefore = session.assurance.level(at: now)
        session.assurance = elevated(session, by: methods, under: policy, in: transaction)
        if session.status == .pending {
            // Only an extension's code can turn out to be insufficient here. Thrown, so that the code is not used up.
            guard session.assurance.level(at: now) >= awaited else { throw Self.insufficientProof(for: awaited) }
            if session.parentID == nil {
                let room = makeRoom(for: request, in: &transaction)
                guard case .available = room else { return .rejected(room.rejection) }
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
        return .granted(.issued(session: session, tokens: issued))
    }

    /// What rules the elevation out even if the code is right. Checked before the code, so that no code is used up in
    /// vain.
    private func rejection(
        of elevate: ElevateSession, _ session: Session, under policy: SessionPolicy, for request: PlaceRequest,
        in transaction: inout SubjectTransaction
    ) throws(Stop) -> RejectionWithEffect? {
        // The context rules apply to the session whether the code is right or not.
        var judged = session
        var after = transaction
        let verdict = try judge(elevate.context, of: &judged, under: policy, isElevation: true, in: &after)
        if let rejection = verdict.rejection {
            transaction = after
            return rejection
        }
        guard session.status == .pending else { return nil }
        let awaited = max(2, elevate.requiredLevel)
        if let methods = knownMethods(of: elevate.proof) {
            let level = elevated(session, by: methods, under: policy, in: transaction).level(at: transaction.now)
            guard level >= awaited else { throw Self.insufficientProof(for: awaited) }
        }
        return session.parentID == nil ? rejectWithoutRoom(for: request, in: &transaction) : nil
    }

    /// The methods that a proof shows if it is valid; `nil` if that is not known in advance.
    private func knownMethods(of proof: ElevateSession.Proof) -> [ExactText]? {
        switch proof {
        case .factor(let proof): methods(ofKind: proof.kind)
        case .authentication(let authentication): authentication.methods
        }
    }

    private func elevated(
        _ session: Session, by methods: [ExactText], under policy: SessionPolicy, in transaction: SubjectTransaction
    ) -> Assurance {
        let now = transaction.now
        var assurance = session.assurance
        assurance.elevate(by: methods, until: now.adding(seconds: policy.mfa.validSeconds), at: now)
        assurance.ceiling = transaction.parent(of: session)?.assurance.ceilingForChild(at: now)
        return assurance
    }
}
