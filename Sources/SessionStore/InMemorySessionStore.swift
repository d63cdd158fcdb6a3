package import SessionCore
import Synchronization

/// An in-memory store that keeps the same promises as the Redis store, with a lock around a few dictionaries. Tests
/// compare the two.
///
/// Values are stored unsealed and vanish with the process: never put real sessions in it.
package final class InMemorySessionStore: SweepableStore {
    fileprivate struct State {
        var aggregates: [SubjectHandle: Aggregate] = [:]
        var deadlines: [SessionID: Timestamp] = [:]
        var claims: [String: (claim: [UInt8], until: Timestamp)] = [:]
        var inbox: [String: (fingerprint: [UInt8], result: StoredResult, until: Timestamp)] = [:]
        var deliveries: [String: Int64] = [:]
        var outbox: [(reference: OutboxEntry.Reference, event: OutgoingEvent, at: Timestamp)] = []
        var leases: [String: (owner: String, until: Timestamp)] = [:]
        var lastOutboxNumber = 0
        var revocations = StandingRevocations.none
        var walks: [Partition: Timestamp] = [:]
        /// Newest first.
        var activity: [SessionID: [ActivityEntry]] = [:]
    }

    private let state = Mutex(State())
    private let clock: @Sendable () -> Timestamp
    private let inboxSeconds: Int

    package init(inboxSeconds: Int, clock: @escaping @Sendable () -> Timestamp) {
        self.inboxSeconds = inboxSeconds
        self.clock = clock
    }

    /// Everything is in memory already, so the budget does not apply.
    package func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded {
        let now = clock()
        let until = now.adding(seconds: inboxSeconds)
        return state.withLock { state in
            let aggregates = requests.map { request in
                var loaded = LoadedAggregate(state: .whole(state.aggregate(request)))
                for id in request.activityOf { loaded.activity[id] = state.activity[id] ?? [] }
                for message in request.messages {
                    if let claim = state.claims[message.name], claim.until > now {
                        if !message.isSaid(by: claim.claim) { loaded.reused.insert(message) }
                    } else {
                        state.claims[message.name] = (message.claim, until)
                    }
                    if let kept = state.inbox[message.name], kept.until > now,
                        kept.fingerprint == message.fingerprint
                    {
                        loaded.results[message] = kept.result
                    }
                }
                return loaded
            }
            return Loaded(now: now, revocations: state.revocations, aggregates: aggregates)
        }
    }

    package func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult] {
        let now = clock()
        let until = now.adding(seconds: inboxSeconds)
        return state.withLock { state in commits.map { state.apply($0, now: now, inboxUntil: until) } }
    }

    package func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError) {
        let gone = Set(entries)
        state.withLock { $0.outbox.removeAll { gone.contains($0.reference) } }
    }

    package func release(_ messages: [MessageKey]) async throws(StoreError) {
        state.withLock { state in
            for message in messages where state.claims[message.name]?.claim == message.claim {
                state.claims[message.name] = nil
            }
        }
    }
}

extension InMemorySessionStore: LaneStore {
    package func countDeliveries(of names: [String]) async throws(StoreError) -> [Int64] {
        state.withLock { state in
            names.map { name in
                state.deliveries[name, default: 0] += 1
                return state.deliveries[name, default: 0]
            }
        }
    }
}

extension InMemorySessionStore {
    package func pendingWork(eventsOlderThan age: Duration) async throws(StoreError) -> PendingWork {
        let now = clock()
        return state.withLock { state in
            let due = state.deadlines.filter { $0.value <= now }.map { Partition(of: $0.key.handle) }
            let left = state.left(now: now, age: age).map(\.reference.partition)
            return PendingWork(due: Set(due).sorted(), left: Set(left).sorted())
        }
    }

    package func dueSessions(in partition: Partition, limit: Int) async throws(StoreError) -> [SessionID] {
        let now = clock()
        return state.withLock { state in
            state.deadlines.filter { $0.value <= now && Partition(of: $0.key.handle) == partition }
                .sorted { ($0.value, $0.key.text) < ($1.value, $1.key.text) }
                .prefix(limit).map(\.key)
        }
    }

    package func postpone(_ sessions: [SessionID], seconds: Int) async throws(StoreError) {
        let later = clock().adding(seconds: seconds)
        state.withLock { state in
            for session in sessions where state.deadlines[session] != nil { state.deadlines[session] = later }
        }
    }

    package func leftEvents(
        in partition: Partition, olderThan age: Duration, after last: OutboxEntry.Reference?, limit: Int
    ) async throws(StoreError) -> [LeftEvent] {
        let now = clock()
        return state.withLock { state in
            let left = state.left(now: now, age: age).filter { $0.reference.partition == partition }
            let start = left.firstIndex { $0.reference == last }.map { $0 + 1 } ?? 0
            return Array(left[start...].prefix(limit))
        }
    }

    package func revocationProgress() async throws(StoreError) -> RevocationProgress? {
        let now = clock()
        return state.withLock { state in
            state.revocations.isEmpty
                ? nil : RevocationProgress(now: now, standing: state.revocations, walks: state.walks)
        }
    }

    package func subjects(in partition: Partition, from page: String?) async throws(StoreError) -> SubjectPage {
        let now = clock()
        return state.withLock { state in
            let handles = Set(state.deadlines.keys.map(\.handle)).filter { Partition(of: $0) == partition }
            return SubjectPage(now: now, subjects: handles.sorted { $0.text < $1.text }, next: nil)
        }
    }

    package func noteWalk(through partition: Partition, begunAt moment: Timestamp) async throws(StoreError) {
        state.withLock { $0.walks[partition] = moment }
    }

    package func lease(
        _ partition: Partition, for purpose: LeasePurpose, owner: String
    ) async throws(StoreError) -> Bool {
        let now = clock()
        return state.withLock { state in
            let key = "\(purpose.rawValue)/\(partition.number)"
            if let lease = state.leases[key], lease.until > now, lease.owner != owner { return false }
            state.leases[key] = (owner, now.adding(seconds: 10))
            return true
        }
    }
}

extension InMemorySessionStore.State {
    func aggregate(_ request: LoadRequest) -> Aggregate {
        let known = aggregates[request.handle] ?? Aggregate(handle: request.handle)
        switch request.scope {
        case .whole: return known
        case .sessions(let ids):
            return Aggregate(
                handle: known.handle, revision: known.revision, sessions: ids.compactMap { known.sessions[$0] })
        }
    }

    func left(now: Timestamp, age: Duration) -> [LeftEvent] {
        let bound = now.milliseconds - age.components.seconds * 1000
        return outbox.filter { $0.at.milliseconds <= bound }
            .map { LeftEvent(reference: $0.reference, event: .success($0.event)) }
    }

    mutating func apply(_ commit: Commit, now: Timestamp, inboxUntil: Timestamp) -> CommitResult {
        let handle = commit.aggregate.handle
        var stored = aggregates[handle] ?? Aggregate(handle: handle)
        let isRepeated = commit.results.contains { (inbox[$0.message.name]?.until ?? now) > now }
        let isTooOld = now.milliseconds > commit.now.milliseconds + Commit.maxAgeMilliseconds
        guard stored.revision == commit.aggregate.revision, !isRepeated, !isTooOld else { return .conflict }

        if commit.writesAggregate {
            stored.revision += 1
            for id in commit.changed { stored.sessions[id] = commit.aggregate.sessions[id]?.uncapped }
            for name in commit.changedPolicies { stored.policies[name] = commit.aggregate.policies[name] }
            if commit.areRevocationsChanged {
                stored.revocations = commit.aggregate.revocations
                revocations = stored.revocations
            }
            if commit.isSubjectChanged { stored.subject = commit.aggregate.subject }
            aggregates[handle] = stored
        }
        for (id, entry) in commit.activity {
            activity[id] = Array(([entry] + (activity[id] ?? [])).prefix(ReadActivity.maxLimit))
        }
        for id in commit.rescheduled { deadlines[id] = commit.aggregate.sessions[id]?.nextDeadline }
        for (message, result) in commit.results {
            inbox[message.name] = (message.fingerprint, result, inboxUntil)
        }
        return .applied(commit.events.map { store($0, of: handle, now: now) })
    }

    private mutating func store(
        _ event: OutgoingEvent, of handle: SubjectHandle, now: Timestamp
    ) -> OutboxEntry.Reference {
        lastOutboxNumber += 1
        let reference = OutboxEntry.Reference(partition: Partition(of: handle), id: String(lastOutboxNumber))
        outbox.append((reference, event, now))
        return reference
    }
}
