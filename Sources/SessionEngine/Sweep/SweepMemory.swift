import LogMetadata
package import Logging
import Metrics
import SessionStorage

/// What a worker's sweeps remember between passes.
package struct SweepMemory {
    var refusals: EventRefusals
    private var damaged = DamagedEvents()
    let metrics = SweepMetrics()
    private let logger: Logger

    /// - Parameters:
    ///   - clock: determines when refused events are retried.
    ///   - random: jitter for those moments.
    package init(
        logger: Logger, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.logger = logger
        refusals = EventRefusals(logger: logger, clock: clock, random: random)
    }

    /// Reports an outbox entry that cannot be opened, once.
    mutating func tell(of damage: DamagedRecord, at entry: OutboxEntry.Reference) {
        guard damaged.isNew(entry) else { return }
        metrics.damaged.increment()
        logger.error(
            "an event in an outbox is damaged: it stays there",
            metadata: [LogKey.key: "\(damage.key)", LogKey.reason: "\(damage.reason)"])
    }

    /// Which published events can be cleared from the outbox: those confirmed, and those that can never be published.
    mutating func settled(
        _ events: [Completion.PendingEvent], _ refused: [PublishRefusal?]
    ) -> [OutboxEntry.Reference] {
        precondition(events.count == refused.count, "each published event must be answered")
        var taken: [OutboxEntry.Reference] = []
        for (event, refusal) in zip(events, refused) {
            switch refusal {
            case nil:
                taken.append(event.reference)
                metrics.published.increment()
                refusals.recordTaken(event.event.type)
            case .refused(let reason):
                metrics.refused.increment()
                refusals.record(event.event.type, because: reason)
            // It is logged, and must not be retried forever.
            case .unsendable: taken.append(event.reference)
            }
        }
        return taken
    }
}
