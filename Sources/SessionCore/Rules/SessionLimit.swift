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
    /// same policy that are nobody's child and evicts as many as the new ones need, or refuses them. Either is announced.
    ///
    /// - Parameters:
    ///   - spared: a session that is not evicted.
    ///   - count: how many sessions have to have room.
    func makeRoom(
        for subject: ExactText, tenant: String, policy name: ExactText, _ policy: SessionPolicy, count: Int = 1,
        sparing spared: SessionID? = nil, in transaction: inout SubjectTransaction
    ) -> Room {
        guard transaction.livingCount + count <= SubjectTransaction.maxLivingSessions else {
            transaction.announce(.limitReached, tenant: tenant, subject: subject)
            return .full(limit: SubjectTransaction.maxLivingSessions)
        }
        let counted = transaction.living { $0.policy == name && $0.parentID == nil }
        guard policy.maxSessions > 0, counted.count + count > policy.maxSessions else { return .available(evicted: []) }

        transaction.announce(.limitReached, tenant: tenant, subject: subject)
        let evictable = counted.filter { $0.id != spared }
        let surplus = counted.count + count - policy.maxSessions
        let candidates: [Session]
        switch policy.onLimit {
        case .reject: return .full(limit: policy.maxSessions)
        case .evictOldest: candidates = evictable
        case .evictLeastRecentlyActive:
            candidates = evictable.sorted {
                ($0.lastActiveAt, $0.createdAt, $0.id.text) < ($1.lastActiveAt, $1.createdAt, $1.id.text)
            }
        }
        guard candidates.count >= surplus else { return .full(limit: policy.maxSessions) }
        var evicted: [SessionID] = []
        for session in candidates.prefix(surplus) {
            transaction.end(session, as: .revoked, reason: .evicted, event: .evicted)
            evicted.append(session.id)
        }
        return .available(evicted: evicted)
    }
}
