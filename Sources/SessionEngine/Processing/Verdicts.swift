import SessionCore
import SessionStorage

/// What the commands of a group came to, before anything of it is signed and written out.
struct Verdicts {
    enum EarlierResult {
        /// The message's id was used for another.
        case reused
        case result(StoredResult)
        /// Of the verdict at this place.
        case inBatch(Int)

        /// What the result has, in bytes, where that is not what another has.
        var bytes: Int {
            switch self {
            case .reused, .inBatch: 0
            case .result(let result): result.reply.count
            }
        }
    }

    enum Verdict {
        case earlier(EarlierResult)
        /// With the events that are its own among the transaction's.
        case decided(Outcome, events: Range<Int>)
    }

    var transaction: SubjectTransaction
    var all: [(item: BatchMember, verdict: Verdict)] = []

    init(_ transaction: SubjectTransaction) {
        self.transaction = transaction
    }

    /// The same for all, and no change.
    init(_ transaction: SubjectTransaction, of items: [BatchMember], all outcome: Outcome) {
        self.init(transaction)
        all = items.map { ($0, .decided(outcome, events: 0..<0)) }
    }

    /// Whether access tokens have to be signed.
    var haveClaims: Bool {
        all.contains { entry in
            guard case .decided(.succeeded(let data), _) = entry.verdict else { return false }
            return data.hasClaims
        }
    }

    /// Where the first of this message was decided, unless it failed and may come again.
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
