import AMQPConnection
import Metrics
import SessionCore
import SessionStore

extension Sweeper {
    /// Carries out the deadlines that have come: each goes the way of every command, so `session.expired` is as sure as
    /// any event.
    func reap(_ partitions: [Partition], over publisher: ConfirmedPublisher) async throws {
        for partition in partitions {
            guard try await store.lease(partition, for: .deadlines, owner: owner) else { continue }
            var count = 0
            repeat {
                let due = try await store.dueSessions(in: partition, limit: Self.batch)
                let completions = try await processor.process(due.map(Work.init(expiring:)))
                let events = completions.flatMap(\.events)
                try await publisher.publish(events.map { outgoing.message(for: $0.event) })
                if !events.isEmpty { try await store.clear(events.map(\.reference)) }
                count = due.count
                metrics.reaped.increment(by: count)
                // A record that cannot be read stays due, and must not be tried for ever.
                if completions.contains(where: { $0.failure != nil }) { break }
            } while count == Self.batch
        }
    }
}

extension Work {
    /// What has to be done when a session's deadline has come. Nobody sent it, so nobody is of that tenant: the rule
    /// takes the session as it is.
    fileprivate convenience init(expiring session: SessionID) {
        self.init(name: nil, content: .command(Command(tenant: "", action: .expire(session))))
    }
}
