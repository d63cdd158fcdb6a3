import LogMetadata
package import Logging
import Metrics
import SessionCore
package import SessionStorage

/// Executes mass revocations: scans the partitions and ends the affected sessions, each with its event. A revocation is
/// in force without this, but only executed ends have their events, and only an executed revocation can be removed.
///
/// The position of a scan is not stored: after a crash it begins again, and finds the sessions that already ended as
/// ended.
package struct RevocationDrain<Store: SweepableStore, Publisher: EventPublisher>: Sendable {
    /// Subjects decided together; each may have a thousand sessions.
    private static var subjectsAtOnce: Int { 32 }
    /// Batches that wait for confirms while the next ones are decided, and the events in all of them.
    private static var maxBatchesUnderWay: Int { 8 }
    private static var maxEventsUnderWay: Int { 4096 }

    let store: Store
    let processor: CommandProcessor<Store>
    let publisher: Publisher
    /// This worker's name in leases.
    let owner: String
    let logger: Logger
    private let metrics = SweepMetrics()

    private let makeRandom: @Sendable () -> any RandomNumberGenerator

    /// - Parameter makeRandom: each generator orders the partitions of one look.
    package init(
        store: Store, processor: CommandProcessor<Store>, publisher: Publisher, owner: String, logger: Logger,
        makeRandom: @escaping @Sendable () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() }
    ) {
        self.makeRandom = makeRandom
        self.store = store
        self.processor = processor
        self.publisher = publisher
        self.owner = owner
        self.logger = logger
    }

    /// Looks once what there is to do, and does it.
    ///
    /// - Parameter attempt: runs the scan of a partition, and decides what a failure means.
    /// - Returns: whether any partition was scanned completely.
    package func run(_ attempt: (Partition, () async throws -> Void) async throws -> Void) async throws -> Bool {
        guard let progress = try await store.revocationProgress() else {
            metrics.standing.record(0)
            return false
        }
        metrics.standing.record(progress.standing.all.count)
        var hasWalked = false
        // Workers that find the same work start with different parts of it.
        var random = makeRandom()
        for partition in progress.outstanding.shuffled(using: &random) {
            try await attempt(partition) {
                if try await walk(through: partition) { hasWalked = true }
            }
        }
        if let moment = progress.carriedOut { try await forgetRevocations(until: moment, of: progress.standing) }
        return hasWalked
    }

    /// Ends the sessions in a partition that active revocations affect.
    ///
    /// - Returns: whether the scan was completed. It is not if another worker is scanning, or if the store fails.
    private func walk(through partition: Partition) async throws -> Bool {
        guard try await store.lease(partition, for: .revocations, owner: owner) else { return false }
        var page = try await store.subjects(in: partition, from: nil)
        let begin = page.now
        let isWhole = try await withThrowingTaskGroup(of: Int.self) { group in
            var underWay = (batches: 0, events: 0)
            var isWhole = true
            while true {
                var rest = page.subjects[...]
                while !rest.isEmpty {
                    let batch = rest.prefix(Self.subjectsAtOnce)
                    rest = rest.dropFirst(batch.count)
                    let completions = try await processor.process(batch.map(Work.init(revokingOf:)))
                    if completions.contains(where: { $0.failure?.code.isRetryable == true }) { isWhole = false }
                    let events = completions.flatMap(\.events)
                    guard !events.isEmpty else { continue }
                    underWay.batches += 1
                    underWay.events += events.count
                    group.addTask { try await publish(events) }
                    while underWay.batches > Self.maxBatchesUnderWay || underWay.events > Self.maxEventsUnderWay,
                        let count = try await group.next()
                    {
                        underWay.batches -= 1
                        underWay.events -= count
                    }
                }
                guard let next = page.next else { break }
                guard try await store.lease(partition, for: .revocations, owner: owner) else { return false }
                page = try await store.subjects(in: partition, from: next)
            }
            try await group.waitForAll()
            return isWhole
        }
        if isWhole { try await store.recordWalk(through: partition, begunAt: begin) }
        return isWhole
    }

    /// Publishes events, and clears the confirmed ones. Those that a consumer's full queue refuses stay in the outbox,
    /// for the relay.
    ///
    /// - Returns: how many were confirmed.
    private func publish(_ events: [Completion.PendingEvent]) async throws -> Int {
        let refusals = try await publisher.publish(events.map(\.event))
        let settled = zip(events, refusals).filter { if case .refused = $0.1 { false } else { true } }
        if !settled.isEmpty { try await store.clear(settled.map(\.0.reference)) }
        metrics.published.increment(by: refusals.count { $0 == nil })
        metrics.refused.increment(by: events.count - settled.count)
        metrics.revoked.increment(by: events.count { $0.event.type == Event.Kind.revoked.rawValue })
        return events.count
    }

    /// Removes revocations that have been executed completely.
    private func forgetRevocations(until moment: Timestamp, of standing: StandingRevocations) async throws {
        _ = try await processor.process([Work(forgettingRevocationsUntil: moment)])
        for revocation in standing.all where revocation.at <= moment {
            logger.info(
                "a mass revocation is complete: every affected session has ended",
                metadata: [LogKey.reason: "\(revocation.reason.word)"])
        }
    }
}

extension Work {
    fileprivate convenience init(revokingOf subject: SubjectHandle) {
        self.init(name: nil, content: .command(Command(tenant: "", action: CarryOutRevocations(among: subject))))
    }

    fileprivate convenience init(forgettingRevocationsUntil moment: Timestamp) {
        self.init(name: nil, content: .command(Command(tenant: "", action: ForgetRevocations(until: moment))))
    }
}
