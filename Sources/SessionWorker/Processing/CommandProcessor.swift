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
    package let namespace: String
    package let policies: @Sendable () -> PolicyCatalogue
    package let resultNames: ResultNames
    package let logger: Logger
    /// Makes the randomness of each decision; tests give their own.
    package let makeRandom: @Sendable () -> any RandomNumberGenerator & Sendable
    let metrics: ProcessorMetrics

    package init(
        store: Store, manager: SessionManager, namespace: String, resultNames: ResultNames, logger: Logger,
        policies: @escaping @Sendable () -> PolicyCatalogue,
        makeRandom: @escaping @Sendable () -> any RandomNumberGenerator & Sendable = { SystemRandomNumberGenerator() }
    ) {
        self.store = store
        self.manager = manager
        self.namespace = namespace
        self.resultNames = resultNames
        self.logger = logger
        self.policies = policies
        self.makeRandom = makeRandom
        metrics = ProcessorMetrics()
    }

    /// Carries out `batch`; gives a completion for each, in order.
    ///
    /// - Throws: `StoreError` if the store could not be reached. Then some of the batch may have been carried out:
    ///   processing it again gives those commands their first results.
    package func process(_ batch: [Work]) async throws(StoreError) -> [Completion] {
        var completions = [Completion?](repeating: nil, count: batch.count)
        var remaining = Array(batch.indices)
        for attempt in 1...Self.maxAttempts {
            let round: Round
            do {
                round = try await self.round(remaining.map { (index: $0, work: batch[$0]) })
            } catch {
                // What an earlier round committed has happened, whatever this one says of itself.
                throw StoreError(
                    error.message, mayHaveHappened: error.mayHaveHappened || remaining.count < batch.count,
                    isPassing: error.isPassing)
            }
            for (index, completion) in round.completions { completions[index] = completion }
            remaining = round.conflicted
            if remaining.isEmpty { break }
            metrics.conflicts.increment(by: remaining.count)
            if attempt == Self.maxAttempts {
                let failure = Failure(.conflict, "too many others wrote to this subject at the same time")
                for index in remaining {
                    completions[index] = complete(.failed(failure), of: batch[index], at: round.now)
                }
            }
        }
        await release(batch, completions)
        return completions.map { completion in
            guard let completion else { preconditionFailure("every command of a batch is completed") }
            return completion
        }
    }
}

extension CommandProcessor {
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
    private typealias Item = (index: Int, work: Work)

    private struct Round {
        let now: Timestamp
        var completions: [(index: Int, Completion)] = []
        /// The commands to decide again.
        var conflicted: [Int] = []
    }

    /// Loads, decides and commits once.
    private func round(_ items: [Item]) async throws(StoreError) -> Round {
        let (groups, ungrouped) = group(items)
        let loaded = try await store.load(groups.map(\.request))
        var round = Round(now: loaded.now)
        for item in ungrouped { round.completions.append((item.index, decideAlone(item.work, at: loaded.now))) }

        var decided: [(group: DecidedGroup, commit: Commit)] = []
        for (group, aggregate) in zip(groups, loaded.aggregates) {
            let decision = decide(group, on: aggregate, at: loaded.now)
            if let commit = decision.commit {
                decided.append((decision, commit))
            } else {
                round.completions += decision.completions
            }
        }
        guard !decided.isEmpty else { return round }
        for (pair, result) in zip(decided, try await store.commit(decided.map(\.commit))) {
            switch result {
            case .applied(let references): round.completions += pair.group.completed(with: references)
            case .conflict: round.conflicted += pair.group.completions.map(\.index)
            }
        }
        round.conflicted.sort()
        return round
    }

    /// The commands of a batch by the aggregate they are about, and those that are about none.
    private func group(_ items: [Item]) -> (groups: [Group], ungrouped: [Item]) {
        var groups: [Group] = []
        var places: [SubjectHandle: Int] = [:]
        var ungrouped: [Item] = []
        for item in items {
            guard case .command(let command) = item.work.content, let need = need(of: command, in: item.work) else {
                ungrouped.append(item)
                continue
            }
            if let place = places[need.handle] {
                groups[place].add(item, scope: need.scope)
            } else {
                places[need.handle] = groups.count
                groups.append(Group(item, handle: need.handle, scope: need.scope))
            }
        }
        return (groups, ungrouped)
    }

    /// What has to be loaded. A command that is about no aggregate, such as one with a damaged token, still needs a
    /// place for its result where duplicates find it: the handle of a subject that nobody is.
    private func need(of command: Command, in work: Work) -> (handle: SubjectHandle, scope: AggregateScope)? {
        if let need = manager.need(of: command) { return need }
        return work.message.map { message in
            (SubjectHandle(text: String(message.name.prefix(SubjectHandle.length))), .sessions([]))
        }
    }

    private func decideAlone(_ work: Work, at now: Timestamp) -> Completion {
        switch work.content {
        case .unreadable(let failure): return complete(.failed(failure), of: work, at: now)
        case .refused(let rejection): return complete(.rejected(rejection), of: work, at: now)
        case .command(let command):
            let nobody = SubjectHandle(text: String(repeating: "-", count: SubjectHandle.length))
            var transaction = SubjectTransaction(
                on: Aggregate(handle: nobody), now: now, policies: policies(), random: makeRandom())
            return complete(manager.decide(command, in: &transaction), of: work, at: now)
        }
    }

    private func decide(_ group: Group, on loaded: LoadedAggregate, at now: Timestamp) -> DecidedGroup {
        switch loaded.state {
        case .failure(let damage): return refuse(group, because: damage, at: now)
        case .success(let aggregate):
            let transaction = SubjectTransaction(
                on: aggregate, now: now, policies: policies(), random: makeRandom())
            return decide(group, in: transaction, loaded: loaded)
        }
    }

    private func decide(
        _ group: Group, in transaction: SubjectTransaction, loaded: LoadedAggregate
    ) -> DecidedGroup {
        var transaction = transaction
        var decided = DecidedGroup()
        var results: [(message: MessageKey, result: StoredResult)] = []
        for item in group.items {
            guard case .command(let command) = item.work.content else {
                preconditionFailure("only commands are grouped")
            }
            if let earlier = earlierResult(of: item.work, loaded: loaded, inBatch: results) {
                decided.completions.append((item.index, repetition(of: earlier, by: item.work, at: transaction.now)))
                continue
            }
            let eventsBefore = transaction.events.count
            let outcome = item.work.isGivenUp ? Self.givenUp : manager.decide(command, in: &transaction)
            let completion = complete(outcome, of: item.work, at: transaction.now)
            let events = transaction.events[eventsBefore...].map { event in
                OutgoingEvent(
                    id: event.id, type: event.kind.rawValue, body: EventWriter.write(event, namespace: namespace))
            }
            if !events.isEmpty { decided.eventCounts.append((completionAt: decided.completions.count, events)) }
            decided.completions.append((item.index, completion))
            guard let message = item.work.message else { continue }
            if completion.failure == nil { results.append((message, completion.stored)) }
        }
        if !transaction.isEmpty || !results.isEmpty {
            let events = decided.eventCounts.flatMap(\.events)
            decided.commit = Commit(transaction, scope: group.request.scope, events: events, results: results)
        }
        return decided
    }

    private static var givenUp: Outcome {
        .failed(Failure(.internal, "delivered \(DeliveryReader.maxDeliveries) times and never finished"))
    }

    private enum EarlierResult {
        case reused
        case result(StoredResult)
    }

    private func earlierResult(
        of work: Work, loaded: LoadedAggregate, inBatch results: [(message: MessageKey, result: StoredResult)]
    ) -> EarlierResult? {
        guard let message = work.message else { return nil }
        if loaded.reused.contains(message) { return .reused }
        if let result = loaded.results[message] { return .result(result) }
        return results.first { $0.message == message }.map { .result($0.result) }
    }

    private func repetition(of earlier: EarlierResult, by work: Work, at now: Timestamp) -> Completion {
        switch earlier {
        case .reused:
            let rejection = Rejection(.messageIDReused, "this message_id was used for another command or body")
            return complete(.rejected(rejection), of: work, at: now)
        case .result(let result):
            metrics.duplicates.increment()
            return Completion(repeating: result, of: work, at: now)
        }
    }

    /// A record that does not open fails the commands that need it, and nothing else.
    private func refuse(_ group: Group, because damage: DamagedRecord, at now: Timestamp) -> DecidedGroup {
        logger.error(
            "a record in Redis cannot be trusted: its commands are answered with internal",
            metadata: [LogKey.key: "\(damage.key)", LogKey.reason: "\(damage.reason)"])
        let failure = Failure(.internal, "a stored record could not be read; the operators have been told")
        var decided = DecidedGroup()
        decided.completions = group.items.map { ($0.index, complete(.failed(failure), of: $0.work, at: now)) }
        return decided
    }

    private func complete(_ outcome: Outcome, of work: Work, at now: Timestamp) -> Completion {
        var failure: Failure?
        var code: String?
        switch outcome {
        case .succeeded: break
        case .rejected(let rejection): code = rejection.code.rawValue
        case .failed(let reason):
            failure = reason
            code = reason.code.rawValue
        }
        // The reaper asks for no answer.
        if case .succeeded(.expired) = outcome { return .unanswered(at: now) }
        return Completion(
            at: now, result: ResultWriter.write(outcome, of: work.name, commandID: work.commandID, at: now),
            resultID: resultNames.next(), failure: failure, code: code)
    }
}

/// Commands of one batch that are about one aggregate.
private struct Group {
    var request: LoadRequest
    var items: [(index: Int, work: Work)]

    init(_ item: (index: Int, work: Work), handle: SubjectHandle, scope: AggregateScope) {
        request = LoadRequest(handle: handle, scope: scope, messages: item.work.message.map { [$0] } ?? [])
        items = [item]
    }

    mutating func add(_ item: (index: Int, work: Work), scope: AggregateScope) {
        request.scope = request.scope.union(scope)
        if let message = item.work.message, !request.messages.contains(message) { request.messages.append(message) }
        items.append(item)
    }
}

/// What a group's commands came to, before it is committed.
private struct DecidedGroup {
    var completions: [(index: Int, Completion)] = []
    /// The events, beside the completion that made each.
    var eventCounts: [(completionAt: Int, events: [OutgoingEvent])] = []
    /// `nil` where there is nothing to store.
    var commit: Commit?

    /// The completions, with their events where those now lie in the outbox.
    func completed(with references: [OutboxEntry.Reference]) -> [(index: Int, Completion)] {
        var completions = completions
        var references = references[...]
        for (place, events) in eventCounts {
            for event in events {
                guard let reference = references.popFirst() else {
                    preconditionFailure("a commit gives a reference for each of its events")
                }
                completions[place].1.events.append(.init(event: event, reference: reference))
            }
        }
        return completions
    }
}
