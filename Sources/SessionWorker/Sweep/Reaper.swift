import AMQPConnection
import Metrics
import SessionCore
import SessionStore

extension Sweeper {
    /// How long a deadline is put off that cannot be carried out, since its record cannot be read, in seconds; and where it
    /// is sealed with a key that is not known yet.
    private static let postponement = 3600
    private static let shortPostponement = 60

    /// Carries out the deadlines of a partition that have come: each goes the way of every command, so `session.expired`
    /// is as sure as any event.
    func reap(
        _ partition: Partition, over publisher: ConfirmedPublisher, _ refusals: inout EventRefusals
    ) async throws {
        guard try await store.lease(partition, for: .deadlines, owner: owner) else { return }
        var count = 0
        repeat {
            let due = try await store.dueSessions(in: partition, limit: Self.batch)
            let completions = try await processor.process(due.map(Work.init(expiring:)))
            let events = completions.flatMap(\.events).map { (reference: $0.reference, event: $0.event) }
            let taken = try await publish(events, over: publisher, &refusals)
            if !taken.isEmpty { try await store.clear(taken) }
            for (seconds, failed) in Self.postponements(of: due, completions) {
                try await store.postpone(failed, seconds: seconds)
            }
            count = due.count
            metrics.reaped.increment(by: count)
        } while count == Self.batch
    }

    /// What could not be carried out, and for how long each is put off.
    private static func postponements(of due: [SessionID], _ completions: [Completion]) -> [Int: [SessionID]] {
        var postponements: [Int: [SessionID]] = [:]
        for (session, completion) in zip(due, completions) {
            guard let failure = completion.failure else { continue }
            let seconds = failure.code == .unavailable ? shortPostponement : postponement
            postponements[seconds, default: []].append(session)
        }
        return postponements
    }
}

extension Work {
    /// What has to be done when a session's deadline has come. Nobody sent it, so nobody is of that tenant: the rule
    /// takes the session as it is.
    fileprivate convenience init(expiring session: SessionID) {
        self.init(name: nil, content: .command(Command(tenant: "", action: ExpireSession(session))))
    }
}
