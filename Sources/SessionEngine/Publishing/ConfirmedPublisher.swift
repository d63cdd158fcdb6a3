import AMQPNIO
import Logging

/// Publishes on a channel in confirm mode what is to be kept, and says what the broker did not take.
struct ConfirmedPublisher: Sendable {
    private let channel: AMQPChannel
    private let logger: Logger

    init(on connection: AMQPConnection, logger: Logger) async throws(AMQPError) {
        channel = try await connection.openChannel()
        try await channel.confirmSelect()
        self.logger = logger
    }

    /// Publishes messages; says of each why it was not taken, `nil` for one that was.
    ///
    /// - Throws: `AMQPError` if the channel was lost with some of them.
    func publish(_ messages: [AMQPMessage]) async throws(AMQPError) -> [PublishRefusal?] {
        let outcomes = await channel.outcomes(publishing: messages)
        let refusals = try PublishRefusal.refusals(
            in: outcomes, of: messages.count, isChannelOpen: channel.isOpen)
        for (message, refusal) in zip(messages, refusals) {
            guard case .unsendable(let reason) = refusal else { continue }
            logger.error(
                "a message cannot be published as it is",
                metadata: [LogKey.exchange: "\(message.exchange)", LogKey.reason: "\(reason)"])
        }
        return refusals
    }
}
