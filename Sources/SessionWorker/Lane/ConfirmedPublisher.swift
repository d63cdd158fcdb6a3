import AMQPConnection
import Logging
import NIOCore
import RedisConnection

/// Publishes on a channel in confirm mode, and does not rest before the broker has said that it has everything.
struct ConfirmedPublisher: Sendable {
    /// How often a message that the broker could not keep is published again before the connection is given up: then
    /// its command goes back to the queue.
    private static let maxAttempts = 5

    /// How long a reply waits for its confirm before it counts as lost.
    private static let replyPatience = TimeAmount.seconds(5)

    let channel: AMQPChannel
    let logger: Logger

    /// - Throws: `AMQPError` if the channel is lost, or the broker keeps refusing; `CancellationError`.
    func publish(_ messages: [AMQPMessage]) async throws {
        var remaining = messages
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        var random = SystemRandomNumberGenerator()
        for attempt in 1... {
            remaining = try await publishOnce(remaining)
            if remaining.isEmpty { return }
            guard attempt < Self.maxAttempts else {
                throw AMQPError(.invalidState, "RabbitMQ refused \(remaining.count) messages \(attempt) times")
            }
            try await Task.sleep(for: backoff.next(using: &random))
        }
    }

    /// Publishes replies. A queue that refuses its reply, or cannot confirm it, is its owner's affair: it must not hold up
    /// the lane, or one command would stop all others.
    ///
    /// - Throws: `AMQPError` if the channel is lost.
    func offer(_ replies: [AMQPMessage]) async throws(AMQPError) {
        guard !replies.isEmpty else { return }
        do {
            let lost = try await channel.publish(replies, timeout: Self.replyPatience).filter { $0 != .confirmed }
            guard let reason = lost.first else { return }
            logger.warning(
                "replies were not taken by their queues",
                metadata: [LogKey.count: "\(lost.count)", LogKey.reason: "\(reason)"])
        } catch {
            guard error.code == .timeout, channel.isOpen else { throw error }
            logger.warning(
                "replies were not confirmed in time by their queues",
                metadata: [LogKey.count: "\(replies.count)", LogKey.reason: "\(error.message)"])
        }
    }

    /// Publishes once; gives the messages that the broker did not keep.
    private func publishOnce(_ messages: [AMQPMessage]) async throws -> [AMQPMessage] {
        guard !messages.isEmpty else { return [] }
        var refused: [AMQPMessage] = []
        for (message, outcome) in zip(messages, try await channel.publish(messages)) {
            switch outcome {
            case .confirmed: break
            case .rejected, .returned:
                logger.warning(
                    "RabbitMQ did not keep a message: it is published again",
                    metadata: [LogKey.exchange: "\(message.exchange)", LogKey.reason: "\(outcome)"])
                refused.append(message)
            case .unsendable(let reason):
                logger.error(
                    "a message cannot be published as it is",
                    metadata: [LogKey.exchange: "\(message.exchange)", LogKey.reason: "\(reason)"])
                if let smaller = OutgoingMessages.withoutForeignHeaders(message) { refused.append(smaller) }
            }
        }
        return refused
    }
}
