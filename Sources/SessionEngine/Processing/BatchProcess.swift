import Metrics
package import SessionCore
package import SessionStorage

/// A batch of commands on its way through load, decision and commit, repeated after conflicting writes. A value: it
/// returns what to ask of the store and of the keys, and is passed the answers.
///
/// ```
///            ┌──────────── conflict, too narrow, no turn yet ───────────┐
///            ▼                                                          │
/// begin → [verify] → load → decide → [commit] → round done ─────────────┘
///                                                   └──→ [release] → finished
/// ```
///
/// All commands of a batch about the same subject are decided in order, each on the outcome of the previous one, and
/// committed together. So a batch costs two round trips however many commands it has, and a subject under heavy
/// concurrent writes costs as much as any other.
///
/// The caller runs one ``Step`` at a time, and answers each except the last with the method of the same name.
package struct BatchProcess {
    /// What to do next.
    package enum Step {
        /// Verify these access tokens; answered by ``verified(_:by:)``.
        case verify([Secret])
        /// Answered by ``loaded(_:by:)``.
        case load([LoadRequest], LoadBudget)
        /// Answered by ``committed(_:by:)``.
        case commit([Commit])
        /// Release the ids of failed commands; answered by ``released()``, even if it fails.
        case release([MessageKey])
        case finished
    }

    private enum Stage {
        case new
        case verifying
        case loading(Grouping)
        case committing(Round)
        case releasing
        case finished
    }

    /// How often a group is decided again before its commands are answered with `conflict`. One of several concurrent
    /// writers to a subject always succeeds, so this only has to exceed the number of workers.
    private static let maxAttempts = 64

    private var works: [Work]
    private let isApart: Bool
    private let isPatient: Bool
    private var stage = Stage.new
    private var room: BatchLimits.Room
    /// The places of the commands that have no completion yet and were not put back.
    private var remaining: [Int]
    /// The aggregates to load whole, whatever their commands seem to need.
    private var wide: Set<SubjectHandle> = []
    private var attempts = 0

    /// One per command, in order; `nil` for those put back, and for those that `failure` is about.
    package private(set) var completions: [Completion?]
    /// The commands that did not fit. Nothing has happened for them.
    package private(set) var left = LeftCommands()
    /// Why some commands were not executed. If the error says that they may have been, processing them again returns
    /// the first result.
    package private(set) var failure: StoreError?

    /// - Parameters:
    ///   - isApart: whether the first subject of the batch is processed on its own, however much has to be loaded. At
    ///     least one command is completed.
    ///   - isPatient: whether commands that need a key which is unknown yet, or a worker of a later version, are left
    ///     without a completion, with a `failure` that says so. Otherwise they are answered.
    package init(_ works: [Work], apart isApart: Bool = false, isPatient: Bool = false) {
        self.works = works
        self.isApart = isApart
        self.isPatient = isPatient
        room = isApart ? .apart : .shared
        remaining = Array(works.indices)
        completions = Array(repeating: nil, count: works.count)
    }

    // MARK: - Steps and answers

    package mutating func begin(by decider: CommandDecider) -> Step {
        guard case .new = stage else { preconditionFailure("a batch only begins once") }
        let tokens = works.compactMap(\.unverifiedToken)
        if tokens.isEmpty { return load(by: decider) }
        stage = .verifying
        return .verify(tokens)
    }

    /// - Parameter tokens: the result of verifying each access token, in order; `nil` for an invalid one.
    package mutating func verified(_ tokens: [PresentedAccessToken?], by decider: CommandDecider) -> Step {
        guard case .verifying = stage else { preconditionFailure("no access token was to be verified") }
        var tokens = tokens[...]
        for index in works.indices where works[index].unverifiedToken != nil {
            guard let token = tokens.popFirst() else {
                preconditionFailure("an answer is missing for an access token")
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
            fail(because: error)
            return release()
        }
        var round = Round(now: loaded.now, isPatient: isPatient)
        decider.decide(grouping, on: loaded, in: &room, into: &round)
        return commit(round, by: decider)
    }

    package mutating func committed(
        _ answer: Result<[CommitResult], StoreError>, by decider: CommandDecider
    ) -> Step {
        guard case .committing(var round) = leaveStage() else { preconditionFailure("nothing was to be committed") }
        let decided = round.takeDecided()
        switch answer {
        case .success(let results):
            precondition(results.count == decided.count, "the store must answer each commit")
            for (group, result) in zip(decided, results) {
                if case .applied = result { decider.metrics.events.record(group.group.events) }
                round.settle(group, result)
            }
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

extension BatchProcess {
    /// The places of the commands that what was requested last is for.
    var placesUnderWay: [Int] {
        switch stage {
        case .loading(let grouping): grouping.groups.flatMap { $0.items.map(\.index) }
        case .committing(let round): round.decided.flatMap { $0.group.completions.map(\.index) }
        case .new, .verifying, .releasing, .finished: []
        }
    }
}

// MARK: - Transitions

extension BatchProcess {
    /// Moves the stage out, so that changing it does not copy it.
    private mutating func leaveStage() -> Stage {
        var left = Stage.finished
        swap(&left, &stage)
        return left
    }

    /// Keeps an error whose outcome is uncertain, if there are several.
    private mutating func fail(because error: StoreError) {
        if failure?.mayHaveHappened != true { failure = error }
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

    /// Adds the outcome of a round, and continues with the rest of the batch.
    private mutating func conclude(_ round: Round, by decider: CommandDecider) -> Step {
        for (index, completion) in round.completions { completions[index] = completion }
        if let refusal = round.refusal { fail(because: refusal) }
        left.alone += round.tooLarge
        wide.formUnion(round.tooNarrow)
        remaining = round.unfinished
        decider.metrics.conflicts.increment(by: round.conflicted.count)
        if !room.isEnough || (isApart && round.conflicted.isEmpty && round.narrow.isEmpty) {
            left.again += remaining
            return release()
        }
        // Waiting for a turn does not count as an attempt.
        if !round.conflicted.isEmpty || !round.narrow.isEmpty { attempts += 1 }
        guard attempts == Self.maxAttempts else { return load(by: decider) }
        let failure = Failure(.conflict, "too many concurrent writes to this subject")
        for index in remaining {
            completions[index] = decider.complete(.failed(failure), of: works[index], at: round.now)
        }
        return release()
    }

    /// Releases the ids of failed commands, so that they may be sent again with another body. Only then does this cost
    /// a round trip. An id under which another delivery in the batch was executed stays claimed.
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
