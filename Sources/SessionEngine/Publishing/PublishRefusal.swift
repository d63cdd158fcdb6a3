import AMQPNIO

/// Why a message was not taken.
package enum PublishRefusal: Sendable {
    /// A queue that it goes to is full, or does not confirm: it may be published again.
    case refused(String)
    /// It will never fit the protocol.
    case unsendable(String)

    /// What the outcomes of a publish say of its messages: `nil` for one that was taken.
    ///
    /// - Throws: `AMQPError` if the channel was lost with some of them.
    static func refusals(
        in outcomes: [AMQPPublishOutcome], of count: Int, isChannelOpen: Bool
    ) throws(AMQPError) -> [PublishRefusal?] {
        precondition(outcomes.count == count, "each message that is published has an outcome")
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

/// What was refused of a publication, and what the lane does about it.
package struct RefusedMessages {
    /// Copies to be offered again.
    private(set) var copies: [AMQPMessage] = []
    private(set) var reports: [LaneReport] = []

    mutating func copy(_ message: AMQPMessage, _ reason: String) {
        copies.append(message)
        reports.append(.refused(RefusedMessage(kind: .copy, exchange: message.exchange, reason: reason)))
    }

    mutating func event(_ message: AMQPMessage, _ reason: String) {
        reports.append(.refused(RefusedMessage(kind: .event, exchange: message.exchange, reason: reason)))
    }

    mutating func unsendable(_ message: AMQPMessage, _ reason: String) {
        reports.append(.unsendable(exchange: message.exchange, reason: reason))
    }
}
