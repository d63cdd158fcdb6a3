extension SessionManager {
    /// Bound on a session's attributes, in bytes of compact JSON.
    package static let maxAttributesBytes = 16 << 10

    /// Changes a session's attributes, device or context. With a session id, the context is the caller's own knowledge,
    /// so no rule applies; with a token, it is judged like any command's context.
    func update(
        _ update: UpdateSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        transaction.settleDeadlines()
        let known = try session(update.target, tenant: tenant, in: transaction)
        let policy = transaction.policies.governing(known)
        var session = known
        switch update.target {
        case .token:
            try requireActive(known, under: policy, now: transaction.now)
            if let rejection = try take(update, of: &session, under: policy, in: &transaction) {
                return .rejected(rejection)
            }
        case .session:
            try requireLiving(known, under: policy, now: transaction.now)
            take(update, of: &session, now: transaction.now)
        }
        if let patch = update.attributes {
            session.attributes = session.attributes.merged(with: patch)
            guard session.attributes.compactLength <= Self.maxAttributesBytes else {
                throw .failed(
                    .invalidField, "the attributes would take up more than \(Self.maxAttributesBytes) bytes",
                    path: "/attributes")
            }
        }
        guard session != known else { return .granted(.session(known)) }
        try transaction.requireRoom(for: session)
        transaction.put(session)
        transaction.announce(.updated, of: session)
        return .granted(.session(session))
    }

    /// With a session id: replaces device and context.
    private func take(_ update: UpdateSession, of session: inout Session, now: Timestamp) {
        if let device = update.device { session.device = device }
        guard let context = update.context else { return }
        session.context = context
        session.placedAt = context.coordinates == nil ? nil : now
        session.suspects = []
    }

    /// With a token: fields that rules compare may be added, or changed as the rules allow, but not removed. Otherwise
    /// the next command could bring any context.
    private func take(
        _ update: UpdateSession, of session: inout Session, under policy: SessionPolicy,
        in transaction: inout SubjectTransaction
    ) throws(Stop) -> RejectionWithEffect? {
        let accepted = (session.context ?? ClientContext()).on(session.device)
        let device = update.device.flatMap { $0.fingerprint == nil ? nil : ClientContext().on($0) }
        let brought = update.context?.on(update.device) ?? device
        let verdict = try judge(brought, of: &session, under: policy, in: &transaction)
        if let rejection = verdict.rejection { return rejection }
        guard let device = update.device else { return nil }
        session.device = device
        if device.fingerprint == nil, let fingerprint = accepted.fingerprint, session.context?.fingerprint == nil {
            var context = session.context ?? ClientContext()
            context.fingerprint = fingerprint
            session.context = context
        }
        return nil
    }
}
