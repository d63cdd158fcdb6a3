import AMQPConnection
import Logging
import NIOCore
import RedisConnection
import Synchronization

/// Publishes on a channel in confirm mode, and does not rest before the broker has said that it has everything.
struct ConfirmedPublisher: Sendable {
    /// How often a message that the broker could not keep is published again before the connection is given up: then
    /// its command goes back to the queue.
    private static let maxAttempts = 5

    /// How long a reply waits for its confirm before it counts as lost.
    private static let replyPatience = TimeAmount.seconds(5)

    let channel: AMQPChannel
    let logger: Logger

    /// Publishes messages, and beside them replies, in one write; returns when all are settled.
    ///
    /// A message that the broker does not keep is published again. A reply is not: a queue that refuses its reply, or cannot
    /// confirm it, is its owner's affair, and must not hold up the lane, or one command would stop all others.
    ///
    /// - Throws: `AMQPError` if the channel is lost, or the broker keeps refusing; `CancellationError`.
    func publish(_ messages: [AMQPMessage], replies: [AMQPMessage] = []) async throws {
        let (outcomes, offered) = await publishTogether(messages, replies)
        try note(offered)
        var remaining = unkept(messages, try outcomes.get())
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        var random = SystemRandomNumberGenerator()
        for attempt in 1... {
            if remaining.isEmpty { return }
            guard attempt < Self.maxAttempts else {
                throw AMQPError(.invalidState, "RabbitMQ refused \(remaining.count) messages \(attempt) times")
            }
            try await Task.sleep(for: backoff.next(using: &random))
            remaining = unkept(remaining, try await channel.publish(remaining))
        }
    }

    private typealias Outcomes = Result<[AMQPPublishOutcome], AMQPError>

    /// Publishes both without a task for either: this is done for every batch, and a task costs as much as a command.
    private func publishTogether(_ messages: [AMQPMessage], _ replies: [AMQPMessage]) async -> (Outcomes, Outcomes) {
        await withCheckedContinuation { continuation in
            let both = Settlement { continuation.resume(returning: ($0.messages, $0.replies)) }
            channel.publish(replies, timeout: Self.replyPatience) { both.settle(replies: $0) }
            channel.publish(messages) { both.settle(messages: $0) }
        }
    }

    /// Logs the replies that were lost.
    private func note(_ offered: Outcomes) throws(AMQPError) {
        switch offered {
        case .success(let outcomes):
            let lost = outcomes.filter { $0 != .confirmed }
            guard let reason = lost.first else { return }
            logger.warning(
                "replies were not taken by their queues",
                metadata: [LogKey.count: "\(lost.count)", LogKey.reason: "\(reason)"])
        case .failure(let error):
            guard error.code == .timeout, channel.isOpen else { throw error }
            logger.warning(
                "replies were not confirmed in time by their queues", metadata: [LogKey.reason: "\(error.message)"])
        }
    }

    /// The messages to publish again.
    private func unkept(_ messages: [AMQPMessage], _ outcomes: [AMQPPublishOutcome]) -> [AMQPMessage] {
        var refused: [AMQPMessage] = []
        for (message, outcome) in zip(messages, outcomes) where outcome != .confirmed {
            switch outcome {
            case .confirmed: break
            case .rejected, .returned, .unknown:
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

/// Waits for two answers, and hands both on.
private final class Settlement: Sendable {
    typealias Outcomes = Result<[AMQPPublishOutcome], AMQPError>

    private let settled = Mutex<(messages: Outcomes?, replies: Outcomes?)>((nil, nil))
    private let done: @Sendable ((messages: Outcomes, replies: Outcomes)) -> Void

    init(_ done: @escaping @Sendable ((messages: Outcomes, replies: Outcomes)) -> Void) {
        self.done = done
    }

    func settle(messages: Outcomes) {
        settle { $0.messages = messages }
    }

    func settle(replies: Outcomes) {
        settle { $0.replies = replies }
    }

    private func settle(_ set: (inout (messages: Outcomes?, replies: Outcomes?)) -> Void) {
        let both: (messages: Outcomes, replies: Outcomes)? = settled.withLock { settled in
            set(&settled)
            guard let messages = settled.messages, let replies = settled.replies else { return nil }
            return (messages, replies)
        }
        if let both { done(both) }
    }
}
