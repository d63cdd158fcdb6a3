import Metrics
import SessionCore
import SessionStorage

/// Carries out the deadlines of a partition that have come: each goes the way of every command, so `session.expired` is as
/// sure as any event.
package struct Reaper: SweepPass {
    /// Sessions ended in one step.
    package static let batch = 128
    /// How long a deadline is put off that cannot be carried out, since its record cannot be read, in seconds; and where it
    /// is sealed with a key that is not known yet.
    private static let postponement = 3600
    private static let shortPostponement = 60

    private enum Stage {
        case new
        case leasing
        case finding
        case carryingOut
        case publishing([Completion.PendingEvent])
        case clearing
        case postponing
        case finished
    }

    private var stage = Stage.new
    /// What this step is about.
    private var due: [SessionID] = []
    /// What of it could not be carried out, and for how many seconds each is put off.
    private var postponed: [(seconds: Int, sessions: [SessionID])] = []

    package init() {}

    package mutating func begin() -> SweepStep {
        guard case .new = stage else { preconditionFailure("a pass begins once") }
        stage = .leasing
        return .lease(.deadlines)
    }

    package mutating func handle(_ answer: SweepAnswer, _ memory: inout SweepMemory) -> SweepStep {
        switch (stage, answer) {
        case (.leasing, .leased(let isOurs)): return isOurs ? find() : finish()
        case (.finding, .due(let due)):
            self.due = due
            guard !due.isEmpty else { return finish() }
            stage = .carryingOut
            return .carryOut(due.map(Work.init(expiring:)))
        case (.carryingOut, .completed(let completions)): return publish(completions)
        case (.publishing(let events), .published(let refused)):
            let taken = memory.settled(events, refused)
            guard !taken.isEmpty else { return postpone(&memory) }
            stage = .clearing
            return .clear(taken)
        case (.clearing, .cleared), (.postponing, .postponed): return postpone(&memory)
        default: preconditionFailure("an answer to another step than the reaper's last")
        }
    }

    private mutating func find() -> SweepStep {
        stage = .finding
        return .findDue(limit: Self.batch)
    }

    private mutating func publish(_ completions: [Completion]) -> SweepStep {
        precondition(completions.count == due.count, "each deadline is carried out or fails")
        var long: [SessionID] = []
        var short: [SessionID] = []
        for (session, completion) in zip(due, completions) {
            guard let failure = completion.failure else { continue }
            if failure.code == .unavailable { short.append(session) } else { long.append(session) }
        }
        postponed = [(Self.postponement, long), (Self.shortPostponement, short)].filter { !$0.1.isEmpty }
        let events = completions.flatMap(\.events)
        stage = .publishing(events)
        return .publish(events.map(\.event))
    }

    private mutating func postpone(_ memory: inout SweepMemory) -> SweepStep {
        if let next = postponed.popLast() {
            stage = .postponing
            return .postpone(next.sessions, seconds: next.seconds)
        }
        memory.metrics.reaped.increment(by: due.count)
        return due.count == Self.batch ? find() : finish()
    }

    private mutating func finish() -> SweepStep {
        stage = .finished
        return .finished
    }
}

extension Work {
    /// What has to be done when a session's deadline has come. Nobody sent it, so nobody is of that tenant: the rule
    /// takes the session as it is.
    fileprivate convenience init(expiring session: SessionID) {
        self.init(name: nil, content: .command(Command(tenant: "", action: ExpireSession(session))))
    }
}
