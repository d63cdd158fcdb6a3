import Metrics
import SessionCore
import SessionStorage

/// Executes the due deadlines of a partition like any command, so `session.expired` is as reliable as any event.
package struct Reaper: SweepPass {
    /// Sessions ended in one step.
    package static let batch = 128
    /// How long a deadline is postponed, in seconds, if its record is damaged, and if it is sealed with an unknown key.
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
    /// The due sessions of the current step.
    private var due: [SessionID] = []
    /// The sessions that could not be processed, and for how long each is postponed.
    private var postponed: [(seconds: Int, sessions: [SessionID])] = []

    package init() {}

    package mutating func begin() -> SweepStep {
        guard case .new = stage else { preconditionFailure("a pass only begins once") }
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
        default: preconditionFailure("this does not answer the reaper's last step")
        }
    }

    private mutating func find() -> SweepStep {
        stage = .finding
        return .findDue(limit: Self.batch)
    }

    private mutating func publish(_ completions: [Completion]) -> SweepStep {
        precondition(completions.count == due.count, "each deadline must have a completion")
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
    /// Work for a session whose deadline has passed. No caller sent it, so it has no tenant of its own: the rule uses
    /// the session's.
    fileprivate convenience init(expiring session: SessionID) {
        self.init(name: nil, content: .command(Command(tenant: "", action: ExpireSession(session))))
    }
}
