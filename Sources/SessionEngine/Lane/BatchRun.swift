import BasicContainers
import NIOCore
import SessionStorage

/// Commands between the backlog and their completions: the batch being executed, its progress, and the parts of it that
/// wait for their turn.
struct BatchRun: ~Copyable {
    enum Kind {
        /// A regular batch of many subjects.
        case shared
        /// A regular batch for the first of the large subjects; it holds the gate.
        case large
        /// Commands whose writes the store refused, alongside later batches.
        case beside

        var isLarge: Bool {
            switch self {
            case .large: true
            case .shared, .beside: false
            }
        }
    }

    enum Stage {
        /// Between two stages.
        case none
        /// Waits for the delivery counts of the commands at these places, which come from queues that do not count.
        case counting([Int])
        case processing(BatchProcess)
        /// The store did not execute them. They wait for a retry.
        case pausing
    }

    let id: BatchID
    let kind: Kind
    private(set) var begin: NIODeadline
    var retry: BatchRetry
    var stage = Stage.none
    var batch: UnacknowledgedBatch
    /// The last element is next.
    private var later = UniqueArray<UnacknowledgedBatch>()

    /// - Parameter mayHaveHappened: whether an earlier attempt may have had an effect.
    init(
        _ batch: consuming UnacknowledgedBatch, id: BatchID, kind: Kind, begin: NIODeadline,
        mayHaveHappened: Bool = false
    ) {
        self.id = id
        self.kind = kind
        self.batch = batch
        self.begin = begin
        retry = BatchRetry(begin: begin, isApart: kind == .beside, mayHaveHappened: mayHaveHappened)
    }

    /// Whether a request is outstanding.
    var isUnderWay: Bool {
        switch stage {
        case .counting, .processing: true
        case .none, .pausing: false
        }
    }

    /// Moves the stage out, so that changing it does not copy it.
    mutating func leaveStage() -> Stage {
        defer { stage = .none }
        return stage
    }

    /// Defers a part until the parts before it are done.
    mutating func putAside(_ part: consuming UnacknowledgedBatch) {
        later.append(part)
    }

    /// Starts again with the rest of the batch. Resets the count of failures, but remembers a possible effect.
    mutating func beginAnew(now: NIODeadline) {
        begin = now
        retry = BatchRetry(begin: now, isApart: kind == .beside, mayHaveHappened: retry.mayHaveHappened)
    }

    /// Continues with the next part; `false` if there is none.
    mutating func takeNextPart(now: NIODeadline) -> Bool {
        guard let next = later.popLast() else { return false }
        batch = next
        beginAnew(now: now)
        return true
    }
}
