import AMQPConnection
import Logging
import Metrics
import SessionStore

extension Sweeper {
    /// Publishes what was left in an outbox, and clears it: at least once, with the ids it always had. What cannot be
    /// opened stays where it is, and holds up nothing behind it; so does what a consumer's full queue refuses, which is
    /// tried again with growing delay.
    func relay(
        _ partition: Partition, over publisher: ConfirmedPublisher, _ refusals: inout EventRefusals
    ) async throws {
        guard try await store.lease(partition, for: .outbox, owner: owner) else { return }
        var last: OutboxEntry.Reference?
        while true {
            let left = try await store.leftEvents(
                in: partition, olderThan: Self.patience, after: last, limit: Self.batch)
            var events: [(reference: OutboxEntry.Reference, event: OutgoingEvent)] = []
            for entry in left {
                switch entry.event {
                case .success(let event):
                    if refusals.maySend(event.type) { events.append((entry.reference, event)) }
                case .failure(let damage):
                    guard damaged.isNew(entry.reference) else { continue }
                    metrics.damaged.increment()
                    logger.error(
                        "an event in an outbox cannot be opened: it stays there",
                        metadata: [LogKey.key: "\(damage.key)", LogKey.reason: "\(damage.reason)"])
                }
            }
            let taken = try await publish(events, over: publisher, &refusals)
            if !taken.isEmpty { try await store.clear(taken) }
            metrics.relayed.increment(by: taken.count)
            guard left.count == Self.batch else { return }
            last = left.last?.reference
        }
    }

    /// Publishes events; gives those that the broker took.
    func publish(
        _ events: [(reference: OutboxEntry.Reference, event: OutgoingEvent)], over publisher: ConfirmedPublisher,
        _ refusals: inout EventRefusals
    ) async throws -> [OutboxEntry.Reference] {
        guard !events.isEmpty else { return [] }
        let messages = events.map { outgoing.message(for: $0.event) }
        let refused = try await publisher.publish(messages)
        var taken: [OutboxEntry.Reference] = []
        for ((reference, event), refusal) in zip(events, refused) {
            switch refusal {
            case nil:
                taken.append(reference)
                refusals.recordTaken(event.type)
            case .refused(let reason): refusals.record(event.type, because: reason)
            // It never will be published; it is told in the log, and must not come again for ever.
            case .unsendable: taken.append(reference)
            }
        }
        return taken
    }
}
