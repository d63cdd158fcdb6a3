/// Sessions that ask for places among those of their policy that are nobody's child (contract §3, §8).
struct PlaceRequest {
    let tenant: String
    let subject: ExactText
    let policyName: ExactText
    let policy: SessionPolicy
    /// Whether they wait for their second factor: those have places of their own, as many.
    var isPending = false
    var count = 1
    /// Whether they begin, or else live already and become active, or nobody's child.
    var isNew = true
    /// A session that is not evicted.
    var spared: SessionID?
}

/// What it would take to give a place to all who ask for one. Nothing has happened yet.
enum RoomPlan {
    case free
    case evicting([Session])
    case full(limit: Int)
}

/// Whether there was a place for all who asked for one.
enum Room {
    /// After these were evicted.
    case available(evicted: [SessionID])
    case full(limit: Int)

    /// Says no.
    var rejection: RejectionWithEffect {
        switch self {
        case .available: preconditionFailure("there is room")
        case .full(let limit): RejectionWithEffect(.limitReached, "\(limit) of \(limit) sessions are in use")
        }
    }
}

extension SessionManager {
    /// Applies `maxSessions` and `onLimit` before sessions begin or become active: evicts as many as they need, or refuses
    /// them. Either is announced.
    func makeRoom(for request: PlaceRequest, in transaction: inout SubjectTransaction) -> Room {
        switch plan(request, in: transaction) {
        case .free: return .available(evicted: [])
        case .full(let limit):
            transaction.announce(.limitReached, tenant: request.tenant, subject: request.subject)
            return .full(limit: limit)
        case .evicting(let sessions):
            transaction.announce(.limitReached, tenant: request.tenant, subject: request.subject)
            var evicted: [SessionID] = []
            for id in sessions.map(\.id) {
                // It may have ended with its parent a moment ago.
                guard let session = transaction.aggregate.sessions[id], session.status.isLiving else { continue }
                transaction.end(session, as: .revoked, reason: .evicted, event: .evicted)
                evicted.append(id)
            }
            return .available(evicted: evicted)
        }
    }

    /// Says no where there is no room, which is announced; does nothing else. For those who have something to lose by
    /// asking in vain.
    func rejectWithoutRoom(for request: PlaceRequest, in transaction: inout SubjectTransaction) -> RejectionWithEffect?
    {
        switch plan(request, in: transaction) {
        case .free, .evicting: nil
        case .full: makeRoom(for: request, in: &transaction).rejection
        }
    }

    /// How many of those who ask can have a place, if the others do without.
    func places(for request: PlaceRequest, in transaction: SubjectTransaction) -> Int {
        let limit = request.policy.maxSessions
        guard limit > 0 else { return request.count }
        let counted = counted(for: request, in: transaction)
        let staying = request.evicts ? counted.count { $0.id == request.spared } : counted.count
        return min(request.count, max(0, limit - staying))
    }

    private func plan(_ request: PlaceRequest, in transaction: SubjectTransaction) -> RoomPlan {
        var evicted: [Session] = []
        let excess = transaction.livingCount + request.count - SubjectTransaction.maxLivingSessions
        if request.isNew, excess > 0 {
            // Who has one factor alone takes nobody's place: not here either.
            let waiting = transaction.living { $0.waitsForFactor && $0.id != request.spared }
            guard waiting.count >= excess else { return .full(limit: SubjectTransaction.maxLivingSessions) }
            evicted = Array(waiting.prefix(excess))
        }
        let counted = counted(for: request, in: transaction).filter { session in
            !evicted.contains { $0.id == session.id }
        }
        let surplus = counted.count + request.count - request.policy.maxSessions
        guard request.policy.maxSessions > 0, surplus > 0 else { return evicted.isEmpty ? .free : .evicting(evicted) }
        let candidates = request.inOrderOfEviction(counted).filter { $0.id != request.spared }
        guard request.evicts, candidates.count >= surplus else { return .full(limit: request.policy.maxSessions) }
        return .evicting(evicted + candidates.prefix(surplus))
    }

    private func counted(for request: PlaceRequest, in transaction: SubjectTransaction) -> [Session] {
        transaction.living {
            $0.policy == request.policyName && $0.parentID == nil && $0.waitsForFactor == request.isPending
        }
    }
}

extension PlaceRequest {
    /// Whether others give way. Those that wait for their second factor always do: there is nothing to lose by it.
    var evicts: Bool {
        switch policy.onLimit {
        case .reject: isPending
        case .evictOldest, .evictLeastRecentlyActive: true
        }
    }

    /// Those that go first at the beginning.
    ///
    /// - Parameter sessions: oldest first.
    func inOrderOfEviction(_ sessions: [Session]) -> [Session] {
        switch policy.onLimit {
        case .evictLeastRecentlyActive where !isPending:
            sessions.sorted {
                ($0.lastActiveAt, $0.createdAt, $0.id.text) < ($1.lastActiveAt, $1.createdAt, $1.id.text)
            }
        case .evictLeastRecentlyActive, .evictOldest, .reject: sessions
        }
    }
}
