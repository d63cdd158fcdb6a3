import TestSupport

/// Where a command, or what belongs to it, is when a fault strikes.
package enum PipelineStep: String, CaseIterable, Sendable {
    case delivery
    case load
    case commit
    case release
    case publish
    case confirm
    case reply
    case acknowledgement
    case clear
    case policies
    /// The look for what is due or left.
    case sweep
    case reap
    case relay

    /// Whether the store is asked something there.
    var isOfStore: Bool {
        switch self {
        case .load, .commit, .release, .clear, .policies, .sweep, .reap, .relay: true
        case .delivery, .publish, .confirm, .reply, .acknowledgement: false
        }
    }
}

package enum FaultKind: String, CaseIterable, Sendable {
    /// The process dies before the step is done; what it sent earlier still arrives.
    case crash
    /// The same, once the step has had its effect and before anybody is told.
    case crashAfter
    /// The worker's connections to the broker break.
    case disconnect
    /// The process stands still, for longer than anything may be under way.
    case stall
    /// The answer takes its time.
    case slow
    /// The store cannot be reached for a while, and did nothing.
    case away
    /// The store did it, and the answer is lost.
    case answerLost
    /// The client gave up waiting, and the store does it later.
    case lateEffect
    /// The store can be read and takes no writes for a while.
    case writesRefused
    /// The store refuses this one, and says nothing happened.
    case refused
    /// A replica takes over that lags behind: the latest writes are gone.
    case failOver
    case clockForward
    case clockBack
    /// The same message is sent once more, so that two workers have it at once.
    case duplicate
    /// The worker is told to stop, and started again.
    case drain
    /// One of the queues that events, copies or what is quarantined go to is full for a while.
    case queueFull

    /// Whether it makes sense at a step.
    package func applies(to step: PipelineStep) -> Bool {
        switch self {
        case .crash, .crashAfter, .disconnect, .stall, .slow, .failOver, .clockForward, .clockBack, .duplicate, .drain,
            .queueFull, .away, .writesRefused:
            true
        case .answerLost, .lateEffect, .refused: step.isOfStore
        }
    }
}

/// Which faults strike in a run: drawn from its seed, each the so-manieth time that something comes to a step.
package struct FaultPlan {
    package struct Fault: Sendable {
        package let step: PipelineStep
        package let kind: FaultKind
        fileprivate var countdown: Int
    }

    package private(set) var pending: [Fault]

    package init(_ faults: [(PipelineStep, FaultKind, occurrence: Int)] = []) {
        pending = faults.map { Fault(step: $0, kind: $1, countdown: $2) }
    }

    /// The fault whose turn it is, so that all have theirs, and some at random.
    init(turn: UInt64, using random: inout SeededRandom) {
        let all = FaultMatrix.cells
        let (step, kind) = all[Int(turn % UInt64(all.count))]
        var faults: [(PipelineStep, FaultKind, occurrence: Int)] = []
        switch step {
        case .release: faults.append((step, kind, 1))
        case .reap: faults.append((step, kind, Int.random(in: 1...2, using: &random)))
        case .relay:
            // Something has to be left behind.
            faults.append((.commit, .crashAfter, Int.random(in: 1...3, using: &random)))
            faults.append((.clear, .crash, Int.random(in: 1...3, using: &random)))
            faults.append((step, kind, Int.random(in: 1...2, using: &random)))
        default: faults.append((step, kind, Int.random(in: 1...6, using: &random)))
        }
        for _ in 0..<[0, 0, 1, 1, 2, 3][Int.random(in: 0..<6, using: &random)] {
            let (step, kind) = all[Int.random(in: all.indices, using: &random)]
            faults.append((step, kind, Int.random(in: 1...8, using: &random)))
        }
        self.init(faults)
    }

    /// The fault that strikes now, if one does.
    mutating func reach(_ step: PipelineStep) -> FaultKind? {
        var struck: FaultKind?
        for index in pending.indices where pending[index].step == step {
            pending[index].countdown -= 1
            if pending[index].countdown == 0, struck == nil { struck = pending[index].kind }
        }
        pending.removeAll { $0.countdown <= 0 }
        return struck
    }
}

/// How often each kind of fault has struck at each step.
package struct FaultMatrix: Sendable {
    static let cells = PipelineStep.allCases.flatMap { step in
        FaultKind.allCases.filter { $0.applies(to: step) }.map { (step, $0) }
    }

    private var counts: [PipelineStep: [FaultKind: Int]] = [:]

    package init() {}

    mutating func note(_ kind: FaultKind, at step: PipelineStep) {
        counts[step, default: [:]][kind, default: 0] += 1
    }

    package mutating func add(_ other: FaultMatrix) {
        for (step, kinds) in other.counts {
            for (kind, count) in kinds { counts[step, default: [:]][kind, default: 0] += count }
        }
    }

    /// The cells in which nothing happened.
    package var empty: [String] {
        Self.cells.filter { counts[$0]?[$1] == nil }.map { "\($0.rawValue) × \($1.rawValue)" }
    }

    /// A line for each kind of fault, a column for each step.
    package var table: String {
        let width = 16
        func padded(_ text: String) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
        var lines = [padded("") + PipelineStep.allCases.map { padded($0.rawValue) }.joined()]
        for kind in FaultKind.allCases {
            let cells = PipelineStep.allCases.map { step in
                padded(kind.applies(to: step) ? String(counts[step]?[kind] ?? 0) : "–")
            }
            lines.append(padded(kind.rawValue) + cells.joined())
        }
        return lines.joined(separator: "\n")
    }
}
