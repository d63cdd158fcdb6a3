import Metrics
import SessionContract
import SessionCore
import SessionStorage

// What is stored and published for a decision.
extension CommandDecider {
    /// Serialises everything that has to be stored and published for a group.
    func write(_ verdicts: Verdicts) -> DecidedGroup {
        var decided = DecidedGroup()
        var results: [(message: MessageKey, result: StoredResult)] = []
        for (item, verdict) in verdicts.all {
            let completion: Completion
            switch verdict {
            case .earlier(.reused):
                let rejection = Rejection(.messageIDReused, "this message_id was used for another command or body")
                completion = complete(.rejected(rejection), of: item.work, at: verdicts.transaction.now)
            case .earlier(.result(let result)):
                completion = repetition(of: result, by: item.work, at: verdicts.transaction.now)
            case .earlier(.inBatch(let place)):
                let first = decided.completions[place].1
                completion = repetition(of: first.stored, by: item.work, at: verdicts.transaction.now)
            case .decided(let outcome, let range):
                completion = complete(outcome, of: item.work, at: verdicts.transaction.now)
                if !range.isEmpty {
                    let events = verdicts.transaction.events[range].map { event in
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
        if !verdicts.transaction.isEmpty || !results.isEmpty {
            let events = decided.eventCounts.flatMap(\.events)
            decided.events = verdicts.transaction.events
            decided.commit = Commit(verdicts.transaction, events: events, results: results)
        }
        return decided
    }

    func complete(_ outcome: Outcome, of work: Work, at now: Timestamp) -> Completion {
        // The sweep's commands have no result.
        if case .succeeded(.expired) = outcome { return .unanswered(at: now) }
        return Completion(outcome, of: work, at: now, resultID: resultNames.next())
    }

    private func repetition(of result: StoredResult, by work: Work, at now: Timestamp) -> Completion {
        metrics.duplicates.increment()
        return Completion(repeating: result, of: work, at: now)
    }
}
