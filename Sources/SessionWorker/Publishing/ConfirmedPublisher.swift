import AMQPConnection
import Logging

/// Publishes on a channel in confirm mode what is to be kept, and says what the broker did not take.
struct ConfirmedPublisher: Sendable {
    let channel: AMQPChannel
    let logger: Logger

    init(on connection: AMQPConnection, logger: Logger) async throws(AMQPError) {
        channel = try await connection.openChannel()
        try await channel.confirmSelect()
        self.logger = logger
    }

    /// Why a message was not taken.
    enum Refusal {
        /// A queue that it goes to is full, or does not confirm: it may be published again.
        case refused(String)
        /// It will never fit the protocol.
        case unsendable
    }

    /// What the outcomes of a publish say of its messages: `nil` for one that was taken.
    ///
    /// - Throws: `AMQPError` if the channel was lost with some of them.
    func refusals(of messages: ArraySlice<AMQPMessage>, _ outcomes: [AMQPPublishOutcome]) throws(AMQPError)
        -> [Refusal?]
    {
        var refusals: [Refusal?] = []
        refusals.reserveCapacity(messages.count)
        for (message, outcome) in zip(messages, outcomes[messages.indices]) {
            switch outcome {
            case .confirmed: refusals.append(nil)
            case .rejected, .returned: refusals.append(.refused("\(outcome)"))
            case .unknown(let error):
                guard channel.isOpen else { throw error }
                refusals.append(.refused(error.message))
            case .unsendable(let reason):
                logger.error(
                    "a message cannot be published as it is",
                    metadata: [LogKey.exchange: "\(message.exchange)", LogKey.reason: "\(reason)"])
                refusals.append(.unsendable)
            }
        }
        return refusals
    }
}
