/// A request for slots among the root sessions of a policy (contract §3, §8).
struct PlaceRequest {
    let tenant: String
    let subject: ExactText
    let policyName: ExactText
    let policy: SessionPolicy
    /// Whether the sessions are pending. Pending sessions have as many slots, counted separately.
    var isPending = false
    var count = 1
    /// Whether the sessions are new. Otherwise they are living sessions that become active, or roots.
    var isNew = true
    /// A session that must not be evicted.
    var spared: SessionID?
}

/// What it takes to satisfy a request. Nothing has changed yet.
enum RoomPlan {
    case free
    case evicting([Session])
    case full(limit: Int)
}

/// Whether a request was satisfied.
enum Room {
    /// After these sessions were evicted.
    case available(evicted: [SessionID])
    case full(limit: Int)

    /// The rejection if there are not enough slots.
    var rejection: RejectionWithEffect {
        switch self {
        case .available: preconditionFailure("nothing to refuse: there is room")
        case .full(let limit): RejectionWithEffect(.limitReached, "\(limit) of \(limit) sessions are in use")
        }
    }
}

extension SessionManager {
    /// Applies `maxSessions` and `onLimit` before sessions begin or become active: evicts as many as necessary, or
    /// rejects the request. Both are announced.
    func makeRoom(for request: PlaceRequest, in transaction: inout SubjectTransaction) -> Room {
        switch plan(request, in: transaction) {
        case .free: return .available(evicted: [])
        case .full(let limit):
            transaction.announce(.limitReached, tenant: request.tenant, subject: request.subject)
            return .full(limit: limit)
        case .evicting(let sessions):
            transaction.announce(.limitReached, tenant: request.tenant, subject: request.subject)
            var evicted: [SessionID] = []
            for candidate in sessions {
                // It may just have ended with its parent.
                guard let session = transaction.aggregate.sessions[candidate.id], session.status.isLiving else {
                    continue
                }
                transaction.end(session, as: .revoked, reason: .evicted, event: .evicted)
                evicted.append(session.id)
            }
            return .available(evicted: evicted)
        }
    }

    /// Rejects and announces it if there are not enough slots; does nothing otherwise. For callers that would lose
    /// something, such as a code, by asking in vain.
    func rejectWithoutRoom(for request: PlaceRequest, in transaction: inout SubjectTransaction) -> RejectionWithEffect?
    {
        switch plan(request, in: transaction) {
        case .free, .evicting: nil
        case .full: makeRoom(for: request, in: &transaction).rejection
        }
    }

    /// How many of the requested slots are available.
    func places(for request: PlaceRequest, in transaction: SubjectTransaction) -> Int {
        let limit = request.policy.maxSessions
        guard limit > 0 else { return request.count }
        let staying = transaction.aggregate.sessions.values.count {
            request.counts($0) && (!request.evicts || $0.id == request.spared)
        }
        return min(request.count, max(0, limit - staying))
    }

    private func plan(_ request: PlaceRequest, in transaction: SubjectTransaction) -> RoomPlan {
        var evicted: [Session] = []
        let limit = request.policy.maxSessions
        let used = transaction.aggregate.sessions.values.count(where: request.counts)
        let surplus = used + request.count - limit
        if limit > 0, surplus > 0 {
            let counted = transaction.aggregate.sessions.values.filter(request.counts)
            let candidates = counted.filter { $0.id != request.spared }
            guard request.evicts, candidates.count >= surplus else { return .full(limit: limit) }
            evicted = request.firstToEvict(surplus, of: candidates)
        }
        let excess =
            transaction.livingCount - evicted.count + request.count - SubjectTransaction.maxLivingSessions
        if request.isNew, excess > 0 {
            // A session that has shown only one factor must not evict an active one, not even at this limit.
            let waiting = transaction.living { $0.waitsForFactor && $0.id != request.spared }
            guard waiting.count >= excess else { return .full(limit: SubjectTransaction.maxLivingSessions) }
            evicted += waiting.prefix(excess)
        }
        return evicted.isEmpty ? .free : .evicting(evicted)
    }
}

extension PlaceRequest {
    /// Whether a session takes one of the slots.
    func counts(_ session: Session) -> Bool {
        session.status.isLiving && session.policy == policyName && session.parentID == nil
            && session.waitsForFactor == isPending
    }

    /// Whether other sessions are evicted. Pending ones always may be, because nothing is lost with them.
    var evicts: Bool {
        switch policy.onLimit {
        case .reject: isPending
        case .evictOldest, .evictLeastRecentlyActive: true
        }
    }

    /// The sessions to evict first, in that order. Mostly it is one, and one is found without sorting a thousand.
    func firstToEvict(_ count: Int, of sessions: [Session]) -> [Session] {
        if count == 1 { return sessions.min(by: precedes).map { [$0] } ?? [] }
        return Array(inOrderOfEviction(sessions).prefix(count))
    }

    /// Sorts sessions so that those to be evicted first come first.
    func inOrderOfEviction(_ sessions: [Session]) -> [Session] {
        sessions.sorted(by: precedes)
    }

    private func precedes(_ one: Session, _ other: Session) -> Bool {
        if case .evictLeastRecentlyActive = policy.onLimit, !isPending, one.lastActiveAt != other.lastActiveAt {
            return one.lastActiveAt < other.lastActiveAt
        }
        return (one.createdAt, one.id.text) < (other.createdAt, other.id.text)
    }
}
