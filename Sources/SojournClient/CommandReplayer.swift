package import AMQPNIO
import NIOCore
import SessionContract

/// Sends commands again that were in quarantine, and receives their results.
package final class CommandReplayer: Sendable {
    /// A worker's answer.
    package struct Answer: Sendable {
        /// JSON as `schemas/results/` describes it, with secrets.
        package let result: [UInt8]
        /// The result's own id, under which the command is in quarantine if it failed for good.
        package let resultID: String?
    }

    /// The exchange of commands.
    package let exchange: String
    private let channel: AMQPChannel
    private let replies = PendingReplies()

    init(over connection: AMQPConnection, exchange: String) async throws(AMQPError) {
        self.exchange = exchange
        channel = try await connection.openChannel()
        try await channel.confirmSelect()
        try await channel.consume(queue: ReplyQueue.direct, noAck: true, onBatch: { [replies] in replies.deliver($0) })
        channel.closeFuture.whenSuccess { [replies] error in
            replies.fail(error.map(Self.failure) ?? .closed)
        }
    }

    /// Publishes a command, waits until the broker has it, and then for the answer.
    ///
    /// - Parameters:
    ///   - command: its reply address and correlation id are set here.
    ///   - timeout: how long to wait for the answer.
    /// - Throws: `timeout`: the broker has it, and no worker has answered. Otherwise `notConnected`, `notPermitted`,
    ///   `unsendable`, `refused`.
    package func replay(
        _ command: AMQPMessage, timeout: Duration
    ) async throws(SessionClientError) -> Answer {
        var message = command
        let id = RandomID.make()
        message.properties.correlationID = id
        message.properties.replyTo = ReplyQueue.direct
        let reply = try await replies.reply(to: id, within: timeout, timeout: timeout) {
            [message] () throws(SessionClientError) in try await self.publish(message)
        }
        return Answer(result: reply.body, resultID: reply.properties.messageID)
    }

    /// The only precondition of a publish that can fail is the `user_id`.
    private static func failure(of error: AMQPError) -> SessionClientError {
        guard error.code == .preconditionFailed else { return SessionClientError(error) }
        return SessionClientError(code: .notPermitted, message: error.message)
    }

    private func publish(_ message: AMQPMessage) async throws(SessionClientError) {
        let outcomes: [AMQPPublishOutcome]
        do { outcomes = try await channel.publish([message]) } catch {
            throw Self.failure(of: error)
        }
        switch outcomes.first {
        case .confirmed, nil: return
        case .unsendable(let reason): throw SessionClientError(code: .unsendable, message: reason)
        case .unknown(let error): throw Self.failure(of: error)
        case .rejected, .returned:
            throw SessionClientError(code: .refused, message: "RabbitMQ did not take the command: is its queue full?")
        }
    }
}

extension SessionClient {
    /// - Throws: `notConnected`, `notPermitted`.
    package func makeReplayer() async throws(SessionClientError) -> CommandReplayer {
        do throws(AMQPError) {
            return try await CommandReplayer(
                over: try await amqp.link(isPatient: false).connection, exchange: names.commands)
        } catch {
            throw SessionClientError(error)
        }
    }
}
