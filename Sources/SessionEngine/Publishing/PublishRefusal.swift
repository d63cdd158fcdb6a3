package import AMQPNIO

/// Why a message was not accepted.
package enum PublishRefusal: Sendable {
    /// One of its queues is full or does not confirm. It may be published again.
    case refused(String)
    /// It can never be published, because it does not fit the protocol.
    case unsendable(String)

    /// Converts publish outcomes into refusals: `nil` for a message that was confirmed.
    ///
    /// - Throws: `AMQPError` if the channel was lost before all were answered.
    package static func refusals(
        in outcomes: [AMQPPublishOutcome], of count: Int, isChannelOpen: Bool
    ) throws(AMQPError) -> [PublishRefusal?] {
        precondition(outcomes.count == count, "each published message must have an outcome")
        var refusals: [PublishRefusal?] = []
        refusals.reserveCapacity(count)
        for outcome in outcomes {
            switch outcome {
            case .confirmed: refusals.append(nil)
            case .rejected, .returned: refusals.append(.refused("\(outcome)"))
            case .unknown(let error):
                guard isChannelOpen else { throw error }
                refusals.append(.refused(error.message))
            case .unsendable(let reason): refusals.append(.unsendable(reason))
            }
        }
        return refusals
    }
}

/// The refused messages of a publication, and what the lane does about them.
package struct RefusedMessages {
    /// Copies to retry.
    private(set) var copies: [AMQPMessage] = []
    private(set) var reports: [LaneReport] = []

    mutating func copy(_ message: AMQPMessage, _ reason: String) {
        copies.append(message)
        reports.append(.refused(RefusedMessage(kind: .copy, exchange: message.exchange, reason: reason)))
    }

    mutating func event(_ message: AMQPMessage, _ reason: String) {
        reports.append(.refused(RefusedMessage(kind: .event, exchange: message.exchange, reason: reason)))
    }

    mutating func quarantined(_ message: AMQPMessage, _ reason: String) {
        reports.append(.refused(RefusedMessage(kind: .quarantine, exchange: message.exchange, reason: reason)))
    }

    mutating func unsendable(_ message: AMQPMessage, _ reason: String) {
        reports.append(.unsendable(exchange: message.exchange, reason: reason))
    }
}
