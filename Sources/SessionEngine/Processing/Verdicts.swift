import SessionCore
import SessionStorage

/// The outcomes of a group's commands, before they are signed and serialised.
struct Verdicts {
    enum EarlierResult {
        /// The message id was used for another command.
        case reused
        case result(StoredResult)
        /// The result of the verdict at this index.
        case inBatch(Int)

        /// The size of the result in bytes, unless it shares another one's.
        var bytes: Int {
            switch self {
            case .reused, .inBatch: 0
            case .result(let result): result.reply.count
            }
        }
    }

    enum Verdict {
        case earlier(EarlierResult)
        /// With the range of its own events among the transaction's.
        case decided(Outcome, events: Range<Int>)
    }

    var transaction: SubjectTransaction
    var all: [(item: BatchMember, verdict: Verdict)] = []

    init(_ transaction: SubjectTransaction) {
        self.transaction = transaction
    }

    /// The same outcome for all, without a change.
    init(_ transaction: SubjectTransaction, of items: [BatchMember], all outcome: Outcome) {
        self.init(transaction)
        all = items.map { ($0, .decided(outcome, events: 0..<0)) }
    }

    /// The index of the first verdict for this message, unless it failed and its id may be used again.
    func place(of message: MessageKey) -> Int? {
        all.firstIndex { entry in
            guard entry.item.work.message == message, case .decided(let outcome, _) = entry.verdict else {
                return false
            }
            if case .failed = outcome { return false }
            return true
        }
    }
}
