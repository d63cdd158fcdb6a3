extension SessionManager {
    /// The most that a session's attributes may take as compact JSON, in bytes.
    package static let maxAttributesBytes = 16 << 10

    /// Changes what is kept with a session; what it brings is a caller's own knowledge, so no rule looks at it.
    func update(
        _ update: UpdateSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws -> Outcome {
        transaction.settleDeadlines()
        let known = try session(update.target, tenant: tenant, in: transaction)
        let policy = transaction.policies.governing(known)
        switch update.target {
        case .token: try requireActive(known, under: policy, now: transaction.now)
        case .session: try requireLiving(known, under: policy, now: transaction.now)
        }
        var session = known
        if let patch = update.attributes {
            session.attributes = session.attributes.merged(with: patch)
            guard session.attributes.compactLength <= Self.maxAttributesBytes else {
                throw Failure(
                    .invalidField, "the attributes would be larger than \(Self.maxAttributesBytes) bytes",
                    path: "/attributes")
            }
        }
        if let device = update.device { session.device = device }
        if let context = update.context {
            session.context = context
            session.placedAt = context.coordinates == nil ? nil : transaction.now
            session.suspects = []
        }
        guard session != known else { return .succeeded(.session(known)) }
        try transaction.requireRoom(for: session)
        transaction.put(session)
        transaction.announce(.updated, of: session)
        return .succeeded(.session(session))
    }
}
