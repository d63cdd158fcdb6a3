import BasicContainers
import NIOCore
import SessionStorage

/// Commands on their way from the backlog to their completions: those that are carried out now, how far they are, and
/// behind them the parts of their batch that wait for their turn.
struct BatchRun: ~Copyable {
    enum Kind {
        /// In its turn; many subjects.
        case shared
        /// In its turn; the first of subjects that are too large for that, with the gate held.
        case large
        /// Commands whose writes the store refused, beside the batches that follow.
        case beside

        var isLarge: Bool {
            switch self {
            case .large: true
            case .shared, .beside: false
            }
        }
    }

    enum Stage {
        /// Between two others.
        case none
        /// Those at these places were delivered before by queues that do not count it.
        case counting([Int])
        case processing(BatchProcess)
        /// The store did not carry them out; they wait to be tried again.
        case pausing
    }

    let id: BatchID
    let kind: Kind
    private(set) var begin: NIODeadline
    var retry: BatchRetry
    var stage = Stage.none
    var batch: UnacknowledgedBatch
    /// The last one is next.
    private var later = UniqueArray<UnacknowledgedBatch>()

    /// - Parameter mayHaveHappened: whether some of it may have been carried out already.
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

    /// Whether something was asked for that is still to be answered.
    var isUnderWay: Bool {
        switch stage {
        case .counting, .processing: true
        case .none, .pausing: false
        }
    }

    /// Takes what the stage holds, so that it is not copied when it is changed.
    mutating func leaveStage() -> Stage {
        defer { stage = .none }
        return stage
    }

    /// Puts a part aside until what comes before it is done.
    mutating func putAside(_ part: consuming UnacknowledgedBatch) {
        later.append(part)
    }

    /// Begins anew with what is left of the batch; its failures so far count no more, but what may have happened still may.
    mutating func beginAnew(now: NIODeadline) {
        begin = now
        retry = BatchRetry(begin: now, isApart: kind == .beside, mayHaveHappened: retry.mayHaveHappened)
    }

    /// Goes on with the next part; `false` if there is none.
    mutating func takeNextPart(now: NIODeadline) -> Bool {
        guard let next = later.popLast() else { return false }
        batch = next
        beginAnew(now: now)
        return true
    }
}
