import AMQPConnection
import Metrics
import SessionCore
import SessionStore

extension Sweeper {
    /// How long a deadline is put off that cannot be carried out, since its record cannot be read, in seconds.
    private static let postponement = 3600

    /// Carries out the deadlines of a partition that have come: each goes the way of every command, so `session.expired`
    /// is as sure as any event.
    func reap(_ partition: Partition, over publisher: ConfirmedPublisher) async throws {
        guard try await store.lease(partition, for: .deadlines, owner: owner) else { return }
        var count = 0
        repeat {
            let due = try await store.dueSessions(in: partition, limit: Self.batch)
            let completions = try await processor.process(due.map(Work.init(expiring:)))
            let events = completions.flatMap(\.events)
            try await publisher.publish(events.map { outgoing.message(for: $0.event) })
            if !events.isEmpty { try await store.clear(events.map(\.reference)) }
            let failed = zip(due, completions).filter { $0.1.failure != nil }.map(\.0)
            if !failed.isEmpty { try await store.postpone(failed, seconds: Self.postponement) }
            count = due.count
            metrics.reaped.increment(by: count)
        } while count == Self.batch
    }
}

extension Work {
    /// What has to be done when a session's deadline has come. Nobody sent it, so nobody is of that tenant: the rule
    /// takes the session as it is.
    fileprivate convenience init(expiring session: SessionID) {
        self.init(name: nil, content: .command(Command(tenant: "", action: .expire(session))))
    }
}
