package import Logging
import Metrics
import SessionContract
package import SessionCore
package import SessionStore

/// Carries out batches of commands: load, decide, commit, and again where somebody else wrote first.
///
/// All commands of a batch that are about one subject are decided in their order, each on the outcome of the one before,
/// and committed together; so a batch costs two round trips however many commands it has, and a subject that everybody
/// writes to at once costs as much as any other.
package struct CommandProcessor<Store: SessionStore>: Sendable {
    /// How often a group is decided again before its commands are answered with `conflict`. Of the workers that write
    /// to one subject at the same moment one always wins, so this is more than there are workers.
    static var maxAttempts: Int { 64 }

    package let store: Store
    package let manager: SessionManager
    package let accessTokens: any AccessTokenScheme
    package let namespace: String
    package let policies: @Sendable () -> PolicyCatalogue
    package let resultNames: ResultNames
    package let logger: Logger
    /// Makes the randomness of each decision; tests give their own.
    package let makeRandom: @Sendable () -> any RandomNumberGenerator & Sendable
    let metrics: ProcessorMetrics

    package init(
        store: Store, manager: SessionManager, accessTokens: any AccessTokenScheme, namespace: String,
        resultNames: ResultNames, logger: Logger,
        policies: @escaping @Sendable () -> PolicyCatalogue,
        makeRandom: @escaping @Sendable () -> any RandomNumberGenerator & Sendable = { SystemRandomNumberGenerator() }
    ) {
        self.store = store
        self.manager = manager
        self.accessTokens = accessTokens
        self.namespace = namespace
        self.resultNames = resultNames
        self.logger = logger
        self.policies = policies
        self.makeRandom = makeRandom
        metrics = ProcessorMetrics()
    }

    /// Carries out `batch`; gives a completion for each, in order.
    ///
    /// - Throws: `StoreError` if some of it could not be carried out, see ``process(_:into:)``.
    package func process(_ batch: [Work]) async throws(StoreError) -> [Completion] {
        var completions = [Completion?](repeating: nil, count: batch.count)
        try await process(batch, into: &completions)
        return completions.map { completion in
            guard let completion else { preconditionFailure("every command of a batch is completed") }
            return completion
        }
    }

    /// Carries out `batch`, and completes each command that could be.
    ///
    /// - Parameter completions: one for each command; those that are `nil` are set.
    /// - Throws: `StoreError` if the store could not be reached, or refused some of it; what is still `nil` then may have
    ///   been carried out where the error says so: processing it again gives it its first result.
    package func process(_ batch: [Work], into completions: inout [Completion?]) async throws(StoreError) {
        let batch = await verified(batch)
        var remaining = batch.indices.filter { completions[$0] == nil }
        var wide: Set<SubjectHandle> = []
        var failure: StoreError?
        for attempt in 1...Self.maxAttempts {
            let round: Round
            do {
                round = try await self.round(remaining.map { (index: $0, work: batch[$0]) }, wide: wide)
            } catch {
                failure = error
                break
            }
            for (index, completion) in round.completions { completions[index] = completion }
            if let refusal = round.refusal { failure = refusal }
            remaining = (round.conflicted + round.narrow).sorted()
            if remaining.isEmpty { break }
            wide.formUnion(round.tooNarrow)
            metrics.conflicts.increment(by: round.conflicted.count)
            if attempt == Self.maxAttempts {
                let failure = Failure(.conflict, "too many others wrote to this subject at the same time")
                for index in remaining {
                    completions[index] = complete(.failed(failure), of: batch[index], at: round.now)
                }
            }
        }
        await release(batch, completions)
        if let failure { throw failure }
    }

    /// Lets the messages of failed commands come again with another body. It costs a round trip, and only then.
    private func release(_ batch: [Work], _ completions: [Completion?]) async {
        let failed = batch.indices.filter { completions[$0]?.failure != nil }.compactMap { batch[$0].message }
        guard !failed.isEmpty else { return }
        do {
            try await store.release(failed)
        } catch {
            logger.debug(
                "the ids of failed messages stay taken for a while", metadata: [LogKey.reason: "\(error.message)"])
        }
    }
}

// MARK: - One round

extension CommandProcessor {
    private struct Round {
        let now: Timestamp
        var completions: [(index: Int, Completion)] = []
        /// The commands to decide again.
        var conflicted: [Int] = []
        /// The commands to decide again with all of their aggregate, and which those are.
        var narrow: [Int] = []
        var tooNarrow: Set<SubjectHandle> = []
        /// Why the store did not take what it was given; the commands it is about are neither completed nor conflicted.
        private(set) var refusal: StoreError?

        /// Of several reasons the one that leaves more open has to be told.
        mutating func refuse(because error: StoreError) {
            if refusal?.mayHaveHappened != true { refusal = error }
        }
    }

    /// Loads, decides and commits once.
    ///
    /// - Parameter wide: the aggregates to load whole, whatever their commands seem to need.
    private func round(_ items: [CommandItem], wide: Set<SubjectHandle>) async throws(StoreError) -> Round {
        let (groups, ungrouped) = group(items, wide: wide)
        let loaded = try await store.load(groups.map(\.request))
        let policies = policies()
        var round = Round(now: loaded.now)
        for item in ungrouped {
            round.completions.append((item.index, decideAlone(item.work, under: policies, at: loaded.now)))
        }

        var decided: [(group: DecidedGroup, commit: Commit)] = []
        for (group, aggregate) in zip(groups, loaded.aggregates) {
            if case .refused(let error) = aggregate.state {
                round.refuse(because: error)
                continue
            }
            var verdicts: Verdicts
            do {
                verdicts = try decide(group, on: aggregate, under: policies, at: loaded.now)
            } catch {
                round.narrow += group.items.map(\.index)
                round.tooNarrow.insert(group.request.handle)
                continue
            }
            // Nothing is waited for that need not be.
            if verdicts.haveClaims { verdicts = await signed(verdicts) }
            let decision = write(verdicts)
            if let commit = decision.commit {
                decided.append((decision, commit))
            } else {
                round.completions += decision.completions
            }
        }
        guard !decided.isEmpty else { return round }
        let results: [CommitResult]
        do {
            results = try await store.commit(decided.map(\.commit))
        } catch {
            results = decided.map { _ in .refused(error) }
        }
        for (pair, result) in zip(decided, results) {
            switch result {
            case .applied(let references): round.completions += pair.group.completed(with: references)
            case .conflict: round.conflicted += pair.group.completions.map(\.index)
            case .refused where pair.commit.isDispensable: round.completions += pair.group.completions
            case .refused(let error): round.refuse(because: error)
            }
        }
        return round
    }

    /// The commands of a batch by the aggregate they are about, and those that are about none.
    private func group(_ items: [CommandItem], wide: Set<SubjectHandle>) -> (groups: [Group], ungrouped: [CommandItem])
    {
        var groups: [Group] = []
        var places: [SubjectHandle: Int] = [:]
        var ungrouped: [CommandItem] = []
        for item in items {
            guard case .command(let command) = item.work.content, let need = need(of: command, in: item.work) else {
                ungrouped.append(item)
                continue
            }
            if let place = places[need.handle] {
                groups[place].add(item, need)
            } else {
                places[need.handle] = groups.count
                groups.append(Group(item, need))
                if wide.contains(need.handle) { groups[groups.count - 1].request.scope = .whole }
            }
        }
        return (groups, ungrouped)
    }

    /// What has to be loaded. A command that is about no aggregate, such as one with a damaged token, still needs a
    /// place for its result where duplicates find it: the handle of a subject that nobody is.
    private func need(of command: Command, in work: Work) -> Need? {
        if let need = manager.need(of: command) { return need }
        return work.message.map { message in
            Need(SubjectHandle(text: String(message.name.prefix(SubjectHandle.length))), .sessions([]))
        }
    }
}
