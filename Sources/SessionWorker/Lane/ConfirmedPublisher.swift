import AMQPConnection
import Logging
import RedisConnection

/// Publishes on a channel in confirm mode, and does not rest before the broker has said that it has everything.
struct ConfirmedPublisher: Sendable {
    /// How often a message that the broker could not keep is published again before the connection is given up: then
    /// its command goes back to the queue.
    private static let maxAttempts = 5

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
                    "a message cannot be published, and is not",
                    metadata: [LogKey.exchange: "\(message.exchange)", LogKey.reason: "\(reason)"])
            }
        }
        return refused
    }
}
