import Metrics
import SessionStorage

/// Publishes the events left in a partition's outbox, and clears them: at least once, with their original ids. An event
/// that cannot be opened stays and blocks nothing, and so does one that a consumer's full queue refuses, which is
/// retried with growing delay.
package struct Relay: SweepPass {
    /// How old an event in the outbox must be to count as left behind: longer than a broker takes to confirm.
    package static let patience: Duration = .seconds(10)
    /// Events published in one step.
    package static let batch = 128

    private enum Stage {
        case new
        case leasing
        case finding
        case publishing([Completion.PendingEvent])
        case clearing(Int)
        case finished
    }

    private var stage = Stage.new
    /// The last entry found.
    private var last: OutboxEntry.Reference?
    /// Whether more entries may follow.
    private var isFull = false

    package init() {}

    package mutating func begin() -> SweepStep {
        guard case .new = stage else { preconditionFailure("a pass only begins once") }
        stage = .leasing
        return .lease(.outbox)
    }

    package mutating func handle(_ answer: SweepAnswer, _ memory: inout SweepMemory) -> SweepStep {
        switch (stage, answer) {
        case (.leasing, .leased(let isOurs)): return isOurs ? find() : finish()
        case (.finding, .left(let left)): return publish(left, &memory)
        case (.publishing(let events), .published(let refused)):
            let taken = memory.settled(events, refused)
            guard !taken.isEmpty else { return goOn() }
            stage = .clearing(taken.count)
            return .clear(taken)
        case (.clearing(let count), .cleared):
            memory.metrics.relayed.increment(by: count)
            return goOn()
        default: preconditionFailure("this does not answer the relay's last step")
        }
    }

    private mutating func find() -> SweepStep {
        stage = .finding
        return .findLeft(after: last, limit: Self.batch)
    }

    private mutating func publish(_ left: [LeftEvent], _ memory: inout SweepMemory) -> SweepStep {
        isFull = left.count == Self.batch
        last = left.last?.reference
        var events: [Completion.PendingEvent] = []
        for entry in left {
            switch entry.event {
            case .success(let event):
                if memory.refusals.maySend(event.type) {
                    events.append(Completion.PendingEvent(event: event, reference: entry.reference))
                }
            case .failure(let damage): memory.tell(of: damage, at: entry.reference)
            }
        }
        guard !events.isEmpty else { return goOn() }
        stage = .publishing(events)
        return .publish(events.map(\.event))
    }

    private mutating func goOn() -> SweepStep {
        isFull ? find() : finish()
    }

    private mutating func finish() -> SweepStep {
        stage = .finished
        return .finished
    }
}
