import AMQPNIO
import NIOCore

/// A channel that commands are published on and their replies arrive on. It lives as long as its connection.
struct CommandLink: Sendable {
    /// The pseudo-queue of direct replies.
    static let replyQueue = "amq.rabbitmq.reply-to"

    let connection: AMQPConnection
    private let channel: AMQPChannel
    private let replies: PendingReplies

    init(over connection: AMQPConnection) async throws(AMQPError) {
        let channel = try await connection.openChannel()
        let replies = PendingReplies()
        try await channel.confirmSelect()
        try await channel.consume(queue: Self.replyQueue, noAck: true, onBatch: { replies.deliver($0) })
        channel.closeFuture.whenSuccess { error in
            replies.end(error.map { $0.isLoss ? .lost : SojournError($0) } ?? .lost)
            // The connection is useless without its channel.
            connection.beginClosing()
        }
        self.connection = connection
        self.channel = channel
        self.replies = replies
    }

    /// Publishes a command and waits for its reply.
    ///
    /// - Parameter id: the message's correlation id.
    /// - Throws: ``SojournError``: `timeout`, `notConnected`, `noSuchNamespace`, `accessRefused`, `unsendable`, `queueFull`;
    ///   `CancellationError`.
    func reply(
        to message: AMQPMessage, correlatedBy id: String, before deadline: CommandDeadline
    ) async throws -> AMQPDelivery {
        let timeout = channel.eventLoop.scheduleTask(in: .nanoseconds(deadline.left.wholeNanoseconds)) { [replies] in
            replies.fail(id, with: SojournError.timeout(after: deadline.timeout))
        }
        defer { timeout.cancel() }
        return try await replies.reply(to: id) { [channel, replies] in
            channel.publish([message]) { result in
                if let error = Self.refusal(result) { replies.fail(id, with: error) }
            }
        }
    }

    /// Why the broker does not have the message; `nil` if it has, or if the end of the channel or the time tells.
    private static func refusal(_ result: Result<[AMQPPublishOutcome], AMQPError>) -> SojournError? {
        switch result {
        case .failure: nil
        case .success(let outcomes):
            switch outcomes.first {
            case .confirmed, .unknown, nil: nil
            case .unsendable(let reason): SojournError(.unsendable, reason)
            case .rejected, .returned:
                SojournError(
                    .queueFull, "RabbitMQ did not take the command: is its queue full?", isRetryable: true)
            }
        }
    }
}

extension AMQPError {
    /// Whether the connection has ended for a reason that is not the command's.
    fileprivate var isLoss: Bool { SojournError(self).code == .notConnected }
}

extension Duration {
    fileprivate var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
