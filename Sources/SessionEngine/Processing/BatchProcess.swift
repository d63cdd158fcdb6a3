import Metrics
package import SessionCore
package import SessionStorage

/// A batch of commands on its way through load, decision and commit, again and again where somebody else wrote first: a
/// value that says what to ask of the store and of the access tokens' keys, and is told what came of it.
///
/// ```
///            ┌──────────────── conflict, too narrow, no turn yet ────────────────┐
///            ▼                                                                   │
/// begin → [verify] → load → decide → [sign] → [commit] → round done ─────────────┘
///                                                            └──→ [release] → finished
/// ```
///
/// All commands of a batch that are about one subject are decided in their order, each on the outcome of the one before,
/// and committed together; so a batch costs two round trips however many commands it has, and a subject that everybody
/// writes to at once costs as much as any other.
///
/// Whoever holds it asks one thing at a time, and answers each ``Step`` but the last with the call that bears its name.
package struct BatchProcess {
    /// What has to be done next.
    package enum Step {
        /// Read these access tokens; answered by ``verified(_:by:)``.
        case verify([Secret])
        /// Answered by ``loaded(_:by:)``.
        case load([LoadRequest], LoadBudget)
        /// Sign access tokens that say this; answered by ``signed(_:by:)``.
        case sign([AccessTokenClaims])
        /// Answered by ``committed(_:by:)``.
        case commit([Commit])
        /// Let the ids of failed commands come again; answered by ``released()``. If it does not go well nothing is lost.
        case release([MessageKey])
        case finished
    }

    private enum Stage {
        case new
        case verifying
        case loading(Grouping)
        case signing(Round, waiting: [Verdicts])
        case committing(Round)
        case releasing
        case finished
    }

    /// How often a group is decided again before its commands are answered with `conflict`. Of the workers that write
    /// to one subject at the same moment one always wins, so this is more than there are workers.
    private static let maxAttempts = 64

    private var works: [Work]
    private let isApart: Bool
    private var stage = Stage.new
    private var room: BatchLimits.Room
    /// The commands that have no completion yet and are not left, by their places.
    private var remaining: [Int]
    /// The aggregates to load whole, whatever their commands seem to need.
    private var wide: Set<SubjectHandle> = []
    private var attempts = 0

    /// One for each command, in their order; `nil` for those that are left, and for those that `failure` is about.
    package private(set) var completions: [Completion?]
    /// The commands that there was no room for; nothing of them has happened.
    package private(set) var left = LeftCommands()
    /// Why some commands could not be carried out. They may have been where it says so: processing them again gives each
    /// its first result.
    package private(set) var failure: StoreError?

    /// - Parameter isApart: whether the first subject of the batch is carried out alone, however much of it there is to
    ///   load. At least one command is completed.
    package init(_ works: [Work], apart isApart: Bool = false) {
        self.works = works
        self.isApart = isApart
        room = isApart ? .apart : .shared
        remaining = Array(works.indices)
        completions = Array(repeating: nil, count: works.count)
    }

    // MARK: Asking and being answered

    package mutating func begin(by decider: CommandDecider) -> Step {
        guard case .new = stage else { preconditionFailure("a batch begins once") }
        let tokens = works.compactMap(\.unverifiedToken)
        if tokens.isEmpty { return load(by: decider) }
        stage = .verifying
        return .verify(tokens)
    }

    /// - Parameter tokens: what each access token says, in their order; `nil` for what is none.
    package mutating func verified(_ tokens: [PresentedAccessToken?], by decider: CommandDecider) -> Step {
        guard case .verifying = stage else { preconditionFailure("no access token was to be verified") }
        var tokens = tokens[...]
        for index in works.indices where works[index].unverifiedToken != nil {
            guard let token = tokens.popFirst() else {
                preconditionFailure("each access token that is to be verified is answered for")
            }
            works[index] = works[index].with(token: token.map { .access($0) } ?? .malformed)
        }
        return load(by: decider)
    }

    package mutating func loaded(_ answer: Result<Loaded, StoreError>, by decider: CommandDecider) -> Step {
        guard case .loading(let grouping) = leaveStage() else { preconditionFailure("nothing was to be loaded") }
        let loaded: Loaded
        switch answer {
        case .success(let answer): loaded = answer
        case .failure(let error):
            failure = error
            return release()
        }
        var round = Round(now: loaded.now)
        let waiting = decider.decide(grouping, on: loaded, in: &room, into: &round)
        // Nothing is waited for that need not be.
        if waiting.isEmpty { return commit(round, by: decider) }
        stage = .signing(round, waiting: waiting)
        return .sign(waiting.flatMap(\.claims))
    }

    /// - Parameter tokens: the access tokens in the order of their claims; `nil` for one that could not be signed.
    package mutating func signed(_ tokens: [Secret?], by decider: CommandDecider) -> Step {
        guard case .signing(var round, let waiting) = leaveStage() else {
            preconditionFailure("no access token was to be signed")
        }
        var tokens = tokens[...]
        for verdicts in waiting {
            round.add(decider.write(decider.signed(verdicts, with: &tokens)))
        }
        return commit(round, by: decider)
    }

    package mutating func committed(
        _ answer: Result<[CommitResult], StoreError>, by decider: CommandDecider
    ) -> Step {
        guard case .committing(var round) = leaveStage() else { preconditionFailure("nothing was to be committed") }
        let decided = round.takeDecided()
        switch answer {
        case .success(let results):
            precondition(results.count == decided.count, "the store answers for each commit")
            for (group, result) in zip(decided, results) { round.settle(group, result) }
        case .failure(let error):
            for group in decided { round.settle(group, .refused(error)) }
        }
        return conclude(round, by: decider)
    }

    package mutating func released() -> Step {
        guard case .releasing = leaveStage() else { preconditionFailure("nothing was to be released") }
        return finish()
    }
}

// MARK: - From one stage to the next

extension BatchProcess {
    /// Takes what the stage holds, so that it is not copied when it is changed.
    private mutating func leaveStage() -> Stage {
        defer { stage = .finished }
        return stage
    }

    private mutating func load(by decider: CommandDecider) -> Step {
        guard !remaining.isEmpty else { return release() }
        let items = remaining.map { BatchMember(index: $0, work: works[$0]) }
        let grouping = Grouping(items, wide: wide, within: room) { decider.need(of: $0, in: $1) }
        stage = .loading(grouping)
        return .load(grouping.groups.map(\.request), room.load)
    }

    private mutating func commit(_ round: Round, by decider: CommandDecider) -> Step {
        guard !round.decided.isEmpty else { return conclude(round, by: decider) }
        stage = .committing(round)
        return .commit(round.decided.map(\.commit))
    }

    /// Takes over what came of a round, and goes on with what is left of the batch.
    private mutating func conclude(_ round: Round, by decider: CommandDecider) -> Step {
        for (index, completion) in round.completions { completions[index] = completion }
        if let refusal = round.refusal { failure = refusal }
        left.alone += round.tooLarge
        wide.formUnion(round.tooNarrow)
        remaining = (round.conflicted + round.narrow + round.waiting).sorted()
        decider.metrics.conflicts.increment(by: round.conflicted.count)
        if !room.isEnough || (isApart && round.conflicted.isEmpty && round.narrow.isEmpty) {
            left.again += remaining
            return release()
        }
        // Waiting for one's turn is no attempt.
        if !round.conflicted.isEmpty || !round.narrow.isEmpty { attempts += 1 }
        guard attempts == Self.maxAttempts else { return load(by: decider) }
        let failure = Failure(.conflict, "too many others wrote to this subject at the same time")
        for index in remaining {
            completions[index] = decider.complete(.failed(failure), of: works[index], at: round.now)
        }
        return release()
    }

    /// Lets the messages of failed commands come again with another body. It costs a round trip, and only then. An id that
    /// another delivery in the batch was carried out under stays taken, or is not decided about yet.
    private mutating func release() -> Step {
        var failed = works.indices.filter { completions[$0]?.failure != nil }.compactMap { works[$0].message }
        guard !failed.isEmpty else { return finish() }
        let taken = Set(works.indices.filter { completions[$0]?.failure == nil }.compactMap { works[$0].message?.name })
        failed.removeAll { taken.contains($0.name) }
        guard !failed.isEmpty else { return finish() }
        stage = .releasing
        return .release(failed)
    }

    private mutating func finish() -> Step {
        stage = .finished
        remaining = []
        return .finished
    }
}
