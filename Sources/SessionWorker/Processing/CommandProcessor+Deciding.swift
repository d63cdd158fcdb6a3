import Logging
import Metrics
import SessionContract
import SessionCore
import SessionStore

// What a round makes of what was loaded, before it is committed.
extension CommandProcessor {
    /// For a command that needs no aggregate.
    func decideAlone(_ work: Work, under policies: PolicyCatalogue, at now: Timestamp) -> Completion {
        switch work.content {
        case .unreadable(let failure): return complete(.failed(failure), of: work, at: now)
        case .refused(let rejection): return complete(.rejected(rejection), of: work, at: now)
        case .command(let command):
            let nobody = SubjectHandle(text: String(repeating: "-", count: SubjectHandle.length))
            var transaction = unchanged(nobody, under: policies, at: now)
            guard let outcome = try? manager.decide(command, in: &transaction) else {
                preconditionFailure("the whole of nothing is enough for a command that needs nothing")
            }
            return complete(outcome, of: work, at: now)
        }
    }

    /// Decides the commands of a group in their order, as many as there is room for: one at least.
    ///
    /// - Throws: `ScopeTooNarrow` if a command needs more of the aggregate.
    func decide(
        _ group: Group, on loaded: LoadedAggregate, under policies: PolicyCatalogue, _ load: Loaded,
        in room: inout BatchLimits.Room
    ) throws(ScopeTooNarrow) -> Verdicts {
        switch loaded.state {
        case .refused, .tooLarge: preconditionFailure("what was not loaded is not decided")
        case .damaged(let damage): return refuse(group, because: damage, under: policies, at: load.now)
        case .whole(let aggregate):
            var verdicts = Verdicts(
                SubjectTransaction(
                    on: aggregate, scope: group.request.scope, activity: loaded.activity, now: load.now,
                    policies: policies, standing: load.revocations, random: makeRandom()))
            for item in group.items {
                guard room.isEnough || verdicts.all.isEmpty else { break }
                guard case .command(let command) = item.work.content else {
                    preconditionFailure("only commands are grouped")
                }
                if let earlier = earlierResult(of: item.work, loaded: loaded, in: verdicts) {
                    room.take(earlier.bytes)
                    verdicts.all.append((item, .earlier(earlier)))
                    continue
                }
                let before = verdicts.transaction.events.count
                let outcome = try manager.decide(command, in: &verdicts.transaction)
                let events = before..<verdicts.transaction.events.count
                room.take(outcome.bytes)
                verdicts.all.append((item, .decided(outcome, events: events)))
            }
            return verdicts
        }
    }

    /// Everything that is to be stored and published of a group.
    func write(_ verdicts: Verdicts) -> DecidedGroup {
        let transaction = verdicts.transaction
        var decided = DecidedGroup()
        var results: [(message: MessageKey, result: StoredResult)] = []
        for (item, verdict) in verdicts.all {
            let completion: Completion
            switch verdict {
            case .earlier(.reused):
                let rejection = Rejection(.messageIDReused, "this message_id was used for another command or body")
                completion = complete(.rejected(rejection), of: item.work, at: transaction.now)
            case .earlier(.result(let result)): completion = repetition(of: result, by: item.work, at: transaction.now)
            case .earlier(.inBatch(let place)):
                let first = decided.completions[place].1
                completion = repetition(of: first.stored, by: item.work, at: transaction.now)
            case .decided(let outcome, let range):
                completion = complete(outcome, of: item.work, at: transaction.now)
                if !range.isEmpty {
                    let events = transaction.events[range].map { event in
                        OutgoingEvent(
                            id: event.id, type: event.kind.rawValue,
                            body: EventWriter.write(event, namespace: namespace))
                    }
                    decided.eventCounts.append((completionAt: decided.completions.count, events))
                }
                if let message = item.work.message, completion.failure == nil {
                    results.append((message, completion.stored))
                }
            }
            decided.completions.append((item.index, completion))
        }
        if !transaction.isEmpty || !results.isEmpty {
            let events = decided.eventCounts.flatMap(\.events)
            decided.commit = Commit(transaction, events: events, results: results)
        }
        return decided
    }

    private func earlierResult(
        of work: Work, loaded: LoadedAggregate, in verdicts: Verdicts
    ) -> Verdicts.EarlierResult? {
        guard let message = work.message else { return nil }
        if loaded.reused.contains(message) { return .reused }
        if let result = loaded.results[message] { return .result(result) }
        return verdicts.place(of: message).map { .inBatch($0) }
    }

    private func repetition(of result: StoredResult, by work: Work, at now: Timestamp) -> Completion {
        metrics.duplicates.increment()
        return Completion(repeating: result, of: work, at: now)
    }

    /// A record that does not open fails the commands that need it, and nothing else.
    private func refuse(
        _ group: Group, because damage: DamagedRecord, under policies: PolicyCatalogue, at now: Timestamp
    ) -> Verdicts {
        Verdicts(
            unchanged(group.request.handle, under: policies, at: now), of: group.items, all: fail(because: damage))
    }

    /// A transaction on nothing, which nothing has been decided in.
    func unchanged(
        _ handle: SubjectHandle, under policies: PolicyCatalogue, at now: Timestamp
    ) -> SubjectTransaction {
        SubjectTransaction(on: Aggregate(handle: handle), now: now, policies: policies, random: makeRandom())
    }

    /// What a command comes to that needs a record that does not open; the operators are told. Where it is sealed with a key
    /// that is not known, the ring was read again for it already: the rest is for the sender to wait for.
    func fail(because damage: DamagedRecord) -> Outcome {
        let metadata: Logger.Metadata = [LogKey.key: "\(damage.key)", LogKey.reason: "\(damage.reason)"]
        if damage.isKeyUnknown {
            logger.error(
                "a record in Redis cannot be read yet: its commands are answered with unavailable", metadata: metadata)
            return .failed(
                Failure(.unavailable, "a stored record is sealed with a key that is not known yet; nothing happened"))
        }
        logger.error(
            "a record in Redis cannot be trusted: its commands are answered with internal", metadata: metadata)
        return .failed(Failure(.internal, "a stored record could not be read; the operators have been told"))
    }

    func complete(_ outcome: Outcome, of work: Work, at now: Timestamp) -> Completion {
        // The sweep asks for no answer.
        if case .succeeded(.expired) = outcome { return .unanswered(at: now) }
        return Completion(outcome, of: work, at: now, resultID: resultNames.next())
    }
}
