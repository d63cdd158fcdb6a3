package import SessionContract
package import SessionCore
package import SessionStorage

/// The result of one `Work`. A class, because copying it would be expensive.
package final class Completion: Sendable {
    package struct PendingEvent: Sendable {
        package let event: OutgoingEvent
        /// To clear it from the outbox once the event is published.
        package let reference: OutboxEntry.Reference

        package init(event: OutgoingEvent, reference: OutboxEntry.Reference) {
            self.event = event
            self.reference = reference
        }
    }

    /// The moment of the decision, by the store's clock.
    package let at: Timestamp
    package let result: WrittenResult
    /// The AMQP `message_id` of the result.
    package let resultID: String
    /// Why the command was rejected or failed; `nil` if it succeeded, or if this repeats an earlier result.
    package let error: ResultError?
    /// The events of this command. The relay publishes those of a duplicate's first delivery.
    package let events: [PendingEvent]
    /// Whether the command had been executed before, and this repeats its first result.
    package let isDuplicate: Bool
    /// What the answer must omit.
    package let omissions: Omissions

    package enum ResultError: Sendable {
        case rejected(Rejection.Code)
        case failed(Failure)

        package var code: String {
            switch self {
            case .rejected(let code): code.rawValue
            case .failed(let failure): failure.code.rawValue
            }
        }
    }

    package init(
        at: Timestamp, result: WrittenResult, resultID: String, error: ResultError? = nil, events: [PendingEvent] = [],
        isDuplicate: Bool = false, omissions: Omissions = []
    ) {
        self.at = at
        self.result = result
        self.resultID = resultID
        self.error = error
        self.events = events
        self.isDuplicate = isDuplicate
        self.omissions = omissions
    }

    /// `nil` unless the command failed.
    package var failure: Failure? {
        switch error {
        case .failed(let failure): failure
        case .rejected, nil: nil
        }
    }

    /// Whether the command goes to quarantine.
    package var isQuarantined: Bool {
        guard let failure else { return false }
        return failure.code.isQuarantined && !omissions.contains(.quarantine)
    }

    /// The same, with its events, once they are in the outbox.
    func with(events: [PendingEvent]) -> Completion {
        Completion(
            at: at, result: result, resultID: resultID, error: error, events: events, omissions: omissions)
    }
}
