package import SessionCore
import Synchronization

/// An in-memory store that keeps the same promises as the Redis store, with a lock around a few dictionaries. Tests
/// compare the two.
///
/// Values are stored unsealed and vanish with the process: never put real sessions in it.
package final class InMemorySessionStore: SweepableStore {
    private let contents: Mutex<InMemoryContents>
    private let clock: @Sendable () -> Timestamp

    package init(inboxSeconds: Int, clock: @escaping @Sendable () -> Timestamp) {
        contents = Mutex(InMemoryContents(inboxSeconds: inboxSeconds))
        self.clock = clock
    }

    /// Everything is in memory already, so the budget does not apply.
    package func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded {
        let now = clock()
        return contents.withLock { $0.load(requests, at: now) }
    }

    package func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult] {
        let now = clock()
        return contents.withLock { $0.commit(commits, at: now) }
    }

    package func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError) {
        contents.withLock { $0.clear(entries) }
    }

    package func release(_ messages: [MessageKey]) async throws(StoreError) {
        contents.withLock { $0.release(messages) }
    }

    package func pendingWork(eventsOlderThan age: Duration) async throws(StoreError) -> PendingWork {
        let now = clock()
        return contents.withLock { $0.pendingWork(eventsOlderThan: age, at: now) }
    }

    package func dueSessions(in partition: Partition, limit: Int) async throws(StoreError) -> [SessionID] {
        let now = clock()
        return contents.withLock { $0.dueSessions(in: partition, limit: limit, at: now) }
    }

    package func postpone(_ sessions: [SessionID], seconds: Int) async throws(StoreError) {
        let now = clock()
        contents.withLock { $0.postpone(sessions, seconds: seconds, at: now) }
    }

    package func leftEvents(
        in partition: Partition, olderThan age: Duration, after last: OutboxEntry.Reference?, limit: Int
    ) async throws(StoreError) -> [LeftEvent] {
        let now = clock()
        return contents.withLock { $0.leftEvents(in: partition, olderThan: age, after: last, limit: limit, at: now) }
    }

    package func revocationProgress() async throws(StoreError) -> RevocationProgress? {
        let now = clock()
        return contents.withLock { $0.revocationProgress(at: now) }
    }

    package func subjects(in partition: Partition, from page: String?) async throws(StoreError) -> SubjectPage {
        let now = clock()
        return contents.withLock { $0.subjects(in: partition, at: now) }
    }

    package func recordWalk(through partition: Partition, begunAt moment: Timestamp) async throws(StoreError) {
        contents.withLock { $0.recordWalk(through: partition, begunAt: moment) }
    }

    package func lease(
        _ partition: Partition, for purpose: LeasePurpose, owner: String
    ) async throws(StoreError) -> Bool {
        let now = clock()
        return contents.withLock { $0.lease(partition, for: purpose, owner: owner, at: now) }
    }
}

extension InMemorySessionStore: LaneStore {
    package func countDeliveries(of names: [String]) async throws(StoreError) -> [Int64] {
        contents.withLock { $0.countDeliveries(of: names) }
    }
}
