import AMQPConnection
import Logging
import Metrics
import SessionStore

extension Sweeper {
    /// Publishes what was left in an outbox, and clears it: at least once, with the ids it always had. What cannot be
    /// opened stays where it is, and holds up nothing behind it.
    func relay(_ partition: Partition, over publisher: ConfirmedPublisher) async throws {
        guard try await store.lease(partition, for: .outbox, owner: owner) else { return }
        var last: OutboxEntry.Reference?
        while true {
            let left = try await store.leftEvents(
                in: partition, olderThan: Self.patience, after: last, limit: Self.batch)
            var published: [OutboxEntry.Reference] = []
            var messages: [AMQPMessage] = []
            for entry in left {
                switch entry.event {
                case .success(let event):
                    messages.append(outgoing.message(for: event))
                    published.append(entry.reference)
                case .failure(let damage):
                    guard damaged.isNew(entry.reference) else { continue }
                    metrics.damaged.increment()
                    logger.error(
                        "an event in an outbox cannot be opened: it stays there",
                        metadata: [LogKey.key: "\(damage.key)", LogKey.reason: "\(damage.reason)"])
                }
            }
            try await publisher.publish(messages)
            if !published.isEmpty { try await store.clear(published) }
            metrics.relayed.increment(by: published.count)
            guard left.count == Self.batch else { return }
            last = left.last?.reference
        }
    }
}
