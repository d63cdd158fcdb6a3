import AMQPNIO
import LogMetadata
import Logging

/// Publishes messages that must not be lost, on a channel in confirm mode, and reports what the broker refused.
struct ConfirmedPublisher: Sendable {
    private let channel: AMQPChannel
    private let logger: Logger

    init(on connection: AMQPConnection, logger: Logger) async throws(AMQPError) {
        channel = try await connection.openChannel()
        try await channel.confirmSelect()
        self.logger = logger
    }

    /// Publishes messages. Returns, for each, why it was refused, or `nil` if it was confirmed.
    ///
    /// - Throws: `AMQPError` if the channel was lost before all were answered.
    func publish(_ messages: [AMQPMessage]) async throws(AMQPError) -> [PublishRefusal?] {
        let outcomes = await channel.outcomes(publishing: messages)
        let refusals = try PublishRefusal.refusals(
            in: outcomes, of: messages.count, isChannelOpen: channel.isOpen)
        for (message, refusal) in zip(messages, refusals) {
            guard case .unsendable(let reason) = refusal else { continue }
            logger.error(
                "a message does not fit the protocol and was dropped",
                metadata: [LogKey.exchange: "\(message.exchange)", LogKey.reason: "\(reason)"])
        }
        return refusals
    }
}
