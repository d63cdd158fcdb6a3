/// Whether one more session has room.
enum Room {
    /// After these were evicted.
    case available(evicted: [SessionID])
    case full(limit: Int)

    /// The sentence that says no.
    var refusal: String {
        switch self {
        case .available: preconditionFailure("there is room")
        case .full(let limit): "\(limit) of \(limit) sessions are in use"
        }
    }
}

extension SessionManager {
    /// Applies `maxSessions` and `onLimit` (contract §8) before a session begins: counts the living sessions of the
    /// same policy and evicts as many as the new one needs, or refuses it. Either is announced.
    func makeRoom(
        for create: CreateSession, tenant: String, under policy: SessionPolicy,
        in transaction: inout SubjectTransaction
    ) -> Room {
        let living = transaction.living
        guard living.count < SubjectTransaction.maxLivingSessions else {
            transaction.announce(.limitReached, tenant: tenant, subject: create.subject)
            return .full(limit: SubjectTransaction.maxLivingSessions)
        }
        let counted = living.filter { $0.policy == create.policy }
        guard policy.maxSessions > 0, counted.count >= policy.maxSessions else { return .available(evicted: []) }

        transaction.announce(.limitReached, tenant: tenant, subject: create.subject)
        let candidates: [Session]
        switch policy.onLimit {
        case .reject: return .full(limit: policy.maxSessions)
        case .evictOldest: candidates = counted
        case .evictLeastRecentlyActive:
            candidates = counted.sorted {
                ($0.lastActiveAt, $0.createdAt, $0.id.text) < ($1.lastActiveAt, $1.createdAt, $1.id.text)
            }
        }
        let surplus = candidates.prefix(counted.count - policy.maxSessions + 1)
        for session in surplus { transaction.end(session, as: .revoked, reason: .evicted, event: .evicted) }
        return .available(evicted: surplus.map(\.id))
    }
}
