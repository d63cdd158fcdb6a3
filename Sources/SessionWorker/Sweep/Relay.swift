import AMQPConnection
import Metrics
import SessionStore

extension Sweeper {
    /// Publishes what was left in these outboxes, and clears it: at least once, with the ids it always had.
    func relay(_ partitions: [Partition], over publisher: ConfirmedPublisher) async throws {
        for partition in partitions {
            guard try await store.lease(partition, for: .outbox, owner: owner) else { continue }
            var count = 0
            repeat {
                let entries = try await store.leftEvents(in: partition, olderThan: Self.patience, limit: Self.batch)
                try await publisher.publish(entries.map { outgoing.message(for: $0.event) })
                if !entries.isEmpty { try await store.clear(entries.map(\.reference)) }
                count = entries.count
                metrics.relayed.increment(by: count)
            } while count == Self.batch
        }
    }
}
