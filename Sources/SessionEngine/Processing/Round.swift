import SessionCore
import SessionStorage

/// The outcome of loading, deciding and committing once.
struct Round {
    let now: Timestamp
    /// Whether commands that need a key which is unknown yet, or a later version, are left alone instead of failing.
    let isPatient: Bool
    private(set) var completions: [(index: Int, Completion)] = []
    /// Decisions that have to be committed.
    private(set) var decided: [DecidedCommit] = []
    /// The commands to decide again.
    private(set) var conflicted: [Int] = []
    /// The commands to decide again with their whole aggregate, and those aggregates.
    private(set) var narrow: [Int] = []
    private(set) var tooNarrow: Set<SubjectHandle> = []
    /// The commands that did not get a turn.
    private(set) var waiting: [Int] = []
    /// The commands whose aggregate is too large to be loaded together with others.
    private(set) var tooLarge: [Int] = []
    /// Why the store refused something. Commands that this concerns are neither completed nor conflicted.
    private(set) var refusal: StoreError?

    /// The commands that need another round, in order.
    var unfinished: [Int] {
        let isFinished = conflicted.isEmpty && narrow.isEmpty && waiting.isEmpty
        return isFinished ? [] : (conflicted + narrow + waiting).sorted()
    }

    struct DecidedCommit {
        let group: DecidedGroup
        let commit: Commit
    }

    init(now: Timestamp, isPatient: Bool) {
        self.now = now
        self.isPatient = isPatient
    }

    mutating func complete(_ index: Int, _ completion: Completion) {
        completions.append((index, completion))
    }

    /// Adds the outcome of a group.
    mutating func add(_ group: DecidedGroup) {
        if let commit = group.commit {
            decided.append(DecidedCommit(group: group, commit: commit))
        } else {
            completions += group.completions
        }
    }

    mutating func wait(_ indices: some Sequence<Int>) {
        waiting += indices
    }

    mutating func setAside(tooLarge indices: some Sequence<Int>) {
        tooLarge += indices
    }

    mutating func decideAgain(_ group: Group) {
        narrow += group.items.map(\.index)
        tooNarrow.insert(group.request.handle)
    }

    /// Reports the error whose outcome is uncertain, if there are several.
    mutating func refuse(because error: StoreError) {
        if refusal?.mayHaveHappened != true { refusal = error }
    }

    mutating func takeDecided() -> [DecidedCommit] {
        defer { decided = [] }
        return decided
    }

    mutating func settle(_ decided: DecidedCommit, _ result: CommitResult) {
        switch result {
        case .applied(let references): completions += decided.group.completed(with: references)
        case .conflict: conflicted += decided.group.completions.map(\.index)
        case .refused where decided.commit.isDispensable: completions += decided.group.completions
        case .refused(let error): refuse(because: error)
        }
    }
}
