import TestSupport

/// The step of the pipeline that a fault strikes at.
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
    /// The search for due deadlines and leftover events.
    case sweep
    case reap
    case relay
    /// The look for mass revocations, and the walk that carries them out.
    case revocations

    /// Whether the step is a request to the store.
    var isOfStore: Bool {
        switch self {
        case .load, .commit, .release, .clear, .policies, .sweep, .reap, .relay, .revocations: true
        case .delivery, .publish, .confirm, .reply, .acknowledgement: false
        }
    }
}

package enum FaultKind: String, CaseIterable, Sendable {
    /// The process dies before the step; what it sent earlier still arrives.
    case crash
    /// The process dies after the step had its effect, before anyone is told.
    case crashAfter
    /// The worker loses its connections to the broker.
    case disconnect
    /// The process is suspended, for longer than any request may take.
    case stall
    /// The answer is delayed.
    case slow
    /// The store is unreachable for a while, and did nothing.
    case away
    /// The store executed the request, but the answer is lost.
    case answerLost
    /// The client timed out, and the store executes the request later.
    case lateEffect
    /// The store refuses writes for a while; reads work.
    case writesRefused
    /// The store refuses this request, and reports that nothing happened.
    case refused
    /// A lagging replica takes over: the latest writes are lost.
    case failOver
    case clockForward
    case clockBack
    /// The message is published a second time, so that two workers may have it at once.
    case duplicate
    /// The worker is asked to stop, and started again.
    case drain
    /// A queue for events, results or quarantined messages is full for a while.
    case queueFull

    /// Whether this kind of fault makes sense at a step.
    package func applies(to step: PipelineStep) -> Bool {
        switch self {
        case .crash, .crashAfter, .disconnect, .stall, .slow, .failOver, .clockForward, .clockBack, .duplicate, .drain,
            .queueFull, .away, .writesRefused:
            true
        case .answerLost, .lateEffect, .refused: step.isOfStore
        }
    }
}

/// The faults of a run, drawn from its seed. Each strikes the nth time that something reaches its step.
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

    /// The fault whose turn it is, so that every fault is covered, plus some random ones.
    init(turn: UInt64, using random: inout SeededRandom) {
        let all = FaultMatrix.cells
        let (step, kind) = all[Int(turn % UInt64(all.count))]
        var faults: [(PipelineStep, FaultKind, occurrence: Int)] = []
        switch step {
        case .release: faults.append((step, kind, 1))
        case .reap: faults.append((step, kind, Int.random(in: 1...2, using: &random)))
        case .revocations: faults.append((step, kind, Int.random(in: 1...8, using: &random)))
        case .relay:
            // Leave something behind for the sweep.
            faults.append((.commit, .crashAfter, Int.random(in: 1...3, using: &random)))
            faults.append((.clear, .crash, Int.random(in: 1...3, using: &random)))
            faults.append((step, kind, Int.random(in: 1...2, using: &random)))
        default: faults.append((step, kind, Int.random(in: 1...6, using: &random)))
        }
        // Somebody decides on what is lost, and stores it once others have replaced it.
        if kind == .failOver {
            for occurrence in 1...3 { faults.append((.load, .slow, 2 * occurrence)) }
        }
        for _ in 0..<[0, 0, 1, 1, 2, 3][Int.random(in: 0..<6, using: &random)] {
            let (step, kind) = all[Int.random(in: all.indices, using: &random)]
            faults.append((step, kind, Int.random(in: 1...8, using: &random)))
        }
        self.init(faults)
    }

    /// Adds a fault that strikes the next time that something reaches its step.
    mutating func add(_ kind: FaultKind, atNext step: PipelineStep) {
        pending.append(Fault(step: step, kind: kind, countdown: 1))
    }

    /// The fault that strikes now, if any.
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

/// How often each kind of fault struck at each step.
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

    /// The cells that no fault struck.
    package var empty: [String] {
        Self.cells.filter { counts[$0]?[$1] == nil }.map { "\($0.rawValue) × \($1.rawValue)" }
    }

    /// A row for each kind of fault, a column for each step.
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
