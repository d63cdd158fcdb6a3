package import Logging
import Metrics
import SessionStorage

/// What the sweeps of a worker keep from pass to pass.
package struct SweepMemory {
    var refusals: EventRefusals
    private var damaged = DamagedEvents()
    let metrics = SweepMetrics()
    private let logger: Logger

    /// - Parameters:
    ///   - clock: tells when an event that was refused is tried again.
    ///   - random: spreads those moments.
    package init(
        logger: Logger, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.logger = logger
        refusals = EventRefusals(logger: logger, clock: clock, random: random)
    }

    /// Tells of an event in an outbox that does not open, once.
    mutating func tell(of damage: DamagedRecord, at entry: OutboxEntry.Reference) {
        guard damaged.isNew(entry) else { return }
        metrics.damaged.increment()
        logger.error(
            "an event in an outbox cannot be opened: it stays there",
            metadata: [LogKey.key: "\(damage.key)", LogKey.reason: "\(damage.reason)"])
    }

    /// Says what can leave the outbox of events that were published: those that the broker took, and those that it never will.
    mutating func settled(
        _ events: [Completion.PendingEvent], _ refused: [PublishRefusal?]
    ) -> [OutboxEntry.Reference] {
        precondition(events.count == refused.count, "each event that is published is answered for")
        var taken: [OutboxEntry.Reference] = []
        for (event, refusal) in zip(events, refused) {
            switch refusal {
            case nil:
                taken.append(event.reference)
                refusals.recordTaken(event.event.type)
            case .refused(let reason): refusals.record(event.event.type, because: reason)
            // It is told in the log, and must not come again for ever.
            case .unsendable: taken.append(event.reference)
            }
        }
        return taken
    }
}
