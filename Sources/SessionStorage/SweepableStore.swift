package import SessionCore

/// The work a sweep does in a partition: deadlines that have passed, events that were not published.
package protocol SweepableStore: SessionStore {
    /// The partitions with a deadline that has passed, or an event that has been in the outbox for at least `age`.
    func pendingWork(eventsOlderThan age: Duration) async throws(StoreError) -> PendingWork

    /// Postpones deadlines that cannot be carried out, so that they do not block the ones behind them.
    func postpone(_ sessions: [SessionID], seconds: Int) async throws(StoreError)

    /// At most `limit` sessions of a partition whose deadline has passed, earliest first.
    func dueSessions(in partition: Partition, limit: Int) async throws(StoreError) -> [SessionID]

    /// At most `limit` events that have been in a partition's outbox for at least `age`, oldest first, starting after
    /// the entry `last`.
    func leftEvents(
        in partition: Partition, olderThan age: Duration, after last: OutboxEntry.Reference?, limit: Int
    ) async throws(StoreError) -> [LeftEvent]

    /// The mass revocations in force and how far each partition has carried them out; `nil` if none is in force.
    func revocationProgress() async throws(StoreError) -> RevocationProgress?

    /// A page of the subjects that have sessions in a partition. A subject that has one throughout the walk appears on
    /// at least one page.
    ///
    /// - Parameter page: `next` of the previous page; `nil` for the first.
    func subjects(in partition: Partition, from page: String?) async throws(StoreError) -> SubjectPage

    /// Records that every subject with sessions in the partition at `moment` has since been checked against the mass
    /// revocations in force at that moment.
    func recordWalk(through partition: Partition, begunAt moment: Timestamp) async throws(StoreError)

    /// Leases a partition to `owner` for a while; `false` if another owner holds the lease.
    func lease(_ partition: Partition, for purpose: LeasePurpose, owner: String) async throws(StoreError) -> Bool
}

/// The partitions in which a sweep has something to do.
package struct PendingWork: Equatable, Sendable {
    package var due: [Partition] = []
    package var left: [Partition] = []
}

/// What a partition is leased for. Sweeps of different purposes do not block each other.
package enum LeasePurpose: String, Sendable {
    case deadlines
    case outbox
    case revocations
}

/// An event left in an outbox; `failure` if it cannot be opened.
package struct LeftEvent: Sendable {
    package let reference: OutboxEntry.Reference
    package let event: Result<OutgoingEvent, DamagedRecord>
}
