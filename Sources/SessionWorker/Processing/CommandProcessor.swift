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

    /// Carries out `batch`, however much that takes, piece by piece; gives a completion for each, in order.
    ///
    /// - Throws: `StoreError` if some of it could not be carried out, see ``process(_:into:apart:)``.
    package func process(_ batch: [Work]) async throws(StoreError) -> [Completion] {
        var completions = [Completion?](repeating: nil, count: batch.count)
        var isApart = false
        while completions.contains(where: { $0 == nil }) {
            let left = try await process(batch, into: &completions, apart: isApart)
            isApart = left.again.isEmpty
        }
        return completions.compactMap(\.self)
    }

    /// Carries out `batch`, and completes each command that could be, within ``BatchLimits``.
    ///
    /// - Parameters:
    ///   - completions: one for each command; those that are `nil` are set.
    ///   - isApart: whether the first subject of the batch is carried out alone, however much of it there is to load. At
    ///     least one command is completed.
    /// - Returns: the commands that there was no room for; nothing of them has happened.
    /// - Throws: `StoreError` if the store could not be reached, or refused some of it; what is still `nil` then may have
    ///   been carried out where the error says so: processing it again gives it its first result.
    @discardableResult
    package func process(
        _ batch: [Work], into completions: inout [Completion?], apart isApart: Bool = false
    ) async throws(StoreError) -> LeftCommands {
        let batch = await verified(batch)
        var remaining = batch.indices.filter { completions[$0] == nil }
        var wide: Set<SubjectHandle> = []
        var left = LeftCommands()
        var room = isApart ? BatchLimits.Room.apart : .shared
        var failure: StoreError?
        var attempts = 0
        while !remaining.isEmpty {
            let round: Round
            do {
                round = try await self.round(remaining.map { (index: $0, work: batch[$0]) }, wide: wide, in: &room)
            } catch {
                failure = error
                break
            }
            for (index, completion) in round.completions { completions[index] = completion }
            if let refusal = round.refusal { failure = refusal }
            left.alone += round.tooLarge
            wide.formUnion(round.tooNarrow)
            remaining = (round.conflicted + round.narrow + round.waiting).sorted()
            metrics.conflicts.increment(by: round.conflicted.count)
            if !room.isEnough || (isApart && round.conflicted.isEmpty && round.narrow.isEmpty) {
                left.again += remaining
                break
            }
            // Waiting for one's turn is no attempt.
            if !round.conflicted.isEmpty || !round.narrow.isEmpty { attempts += 1 }
            if attempts == Self.maxAttempts {
                let failure = Failure(.conflict, "too many others wrote to this subject at the same time")
                for index in remaining {
                    completions[index] = complete(.failed(failure), of: batch[index], at: round.now)
                }
                break
            }
        }
        await release(batch, completions)
        if let failure { throw failure }
        return left
    }

    /// Lets the messages of failed commands come again with another body. It costs a round trip, and only then. An id that
    /// another delivery in the batch was carried out under stays taken, or is not decided about yet.
    private func release(_ batch: [Work], _ completions: [Completion?]) async {
        var failed = batch.indices.filter { completions[$0]?.failure != nil }.compactMap { batch[$0].message }
        guard !failed.isEmpty else { return }
        let taken = Set(batch.indices.filter { completions[$0]?.failure == nil }.compactMap { batch[$0].message?.name })
        failed.removeAll { taken.contains($0.name) }
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
        /// The commands that have not had their turn.
        var waiting: [Int] = []
        /// The commands whose aggregate is too large to be loaded beside others.
        var tooLarge: [Int] = []
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
    private func round(
        _ items: [CommandItem], wide: Set<SubjectHandle>, in room: inout BatchLimits.Room
    ) async throws(StoreError) -> Round {
        let grouped = group(items, wide: wide, within: room)
        let loaded = try await store.load(grouped.groups.map(\.request), budget: room.load)
        let policies = policies()
        var round = Round(now: loaded.now)
        round.waiting = grouped.waiting
        for item in grouped.ungrouped {
            round.completions.append((item.index, decideAlone(item.work, under: policies, at: loaded.now)))
        }

        var decided: [(group: DecidedGroup, commit: Commit)] = []
        for (var group, aggregate) in zip(grouped.groups, loaded.aggregates) {
            if !aggregate.damage.isEmpty {
                takeDamaged(from: &group, aggregate.damage, into: &round)
                if group.items.isEmpty { continue }
            }
            switch aggregate.state {
            case .refused(let error):
                round.refuse(because: error)
                continue
            case .tooLarge(let bytes):
                if bytes > BatchLimits.largeAggregateBytes {
                    round.tooLarge += group.items.map(\.index)
                } else {
                    round.waiting += group.items.map(\.index)
                }
                continue
            case .whole, .damaged: break
            }
            var verdicts: Verdicts
            do {
                verdicts = try decide(group, on: aggregate, under: policies, loaded, in: &room)
                round.waiting += group.items.dropFirst(verdicts.all.count).map(\.index)
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

    /// Takes out of a group the commands that need a record that does not open: they fail, and the others go on.
    private func takeDamaged(from group: inout Group, _ damage: PartialDamage, into round: inout Round) {
        for (item, damage) in group.takeDamaged(damage, need: { need(of: $0, in: $1) }) {
            round.completions.append((item.index, complete(fail(because: damage), of: item.work, at: round.now)))
        }
    }

    /// The commands of a batch by the aggregate they are about, those that are about none, and those that wait since there
    /// are enough before them.
    private func group(
        _ items: [CommandItem], wide: Set<SubjectHandle>, within room: BatchLimits.Room
    ) -> (groups: [Group], ungrouped: [CommandItem], waiting: [Int]) {
        var groups: [Group] = []
        var places: [SubjectHandle: Int] = [:]
        var ungrouped: [CommandItem] = []
        var waiting: [Int] = []
        var wholes = 0
        for item in items {
            guard case .command(let command) = item.work.content, let need = need(of: command, in: item.work) else {
                ungrouped.append(item)
                continue
            }
            if let place = places[need.handle] {
                if groups[place].hasRoom(for: need, within: room) {
                    groups[place].add(item, need)
                } else {
                    waiting.append(item.index)
                }
            } else if groups.count == room.groups || wholes == BatchLimits.wholeAggregates {
                waiting.append(item.index)
            } else {
                places[need.handle] = groups.count
                groups.append(Group(item, need))
                if wide.contains(need.handle) { groups[groups.count - 1].request.scope = .whole }
                if groups[groups.count - 1].request.scope == .whole { wholes += 1 }
            }
        }
        return (groups, ungrouped, waiting)
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
