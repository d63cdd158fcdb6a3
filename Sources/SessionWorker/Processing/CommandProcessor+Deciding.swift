import Logging
import Metrics
import SessionContract
import SessionCore
import SessionStore

// What a round makes of what was loaded, before it is committed.
extension CommandProcessor {
    /// For a command that needs no aggregate.
    func decideAlone(_ work: Work, under policies: PolicyCatalogue, at now: Timestamp) async -> Completion {
        switch work.content {
        case .unreadable(let failure): return complete(.failed(failure), of: work, at: now)
        case .refused(let rejection): return complete(.rejected(rejection), of: work, at: now)
        case .command(let command):
            let nobody = SubjectHandle(text: String(repeating: "-", count: SubjectHandle.length))
            var transaction = SubjectTransaction(
                on: Aggregate(handle: nobody), now: now, policies: policies, random: makeRandom())
            guard let outcome = try? manager.decide(command, in: &transaction) else {
                preconditionFailure("the whole of nothing is enough for a command that needs nothing")
            }
            return complete(await signed(outcome) ?? Self.unsigned, of: work, at: now)
        }
    }

    /// - Throws: `ScopeTooNarrow` if a command needs more of the aggregate.
    func decide(
        _ group: Group, on loaded: LoadedAggregate, under policies: PolicyCatalogue, at now: Timestamp
    ) async throws(ScopeTooNarrow) -> DecidedGroup {
        switch loaded.state {
        case .refused: preconditionFailure("what was not loaded is not decided")
        case .damaged(let damage): return refuse(group, because: damage, at: now)
        case .whole(let aggregate):
            let transaction = SubjectTransaction(
                on: aggregate, scope: group.request.scope, activity: loaded.activity, now: now, policies: policies,
                random: makeRandom())
            return try await decide(group, in: transaction, loaded: loaded)
        }
    }

    private func decide(
        _ group: Group, in transaction: SubjectTransaction, loaded: LoadedAggregate
    ) async throws(ScopeTooNarrow) -> DecidedGroup {
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
            let before = transaction
            var outcome = item.work.isGivenUp ? Self.givenUp : try manager.decide(command, in: &transaction)
            if let signed = await signed(outcome) {
                outcome = signed
            } else {
                transaction = before
                outcome = Self.unsigned
            }
            let completion = complete(outcome, of: item.work, at: transaction.now)
            let events = transaction.events[before.events.count...].map { event in
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
            decided.commit = Commit(transaction, events: events, results: results)
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

    func complete(_ outcome: Outcome, of work: Work, at now: Timestamp) -> Completion {
        // The reaper asks for no answer.
        if case .succeeded(.expired) = outcome { return .unanswered(at: now) }
        return Completion(outcome, of: work, at: now, resultID: resultNames.next())
    }
}
