import AMQPNIO
import Foundation
import Logging
import NIOPosix
import Synchronization
import Testing

@testable import SojournClient

/// The worker's part of a conversation over a real RabbitMQ, in the test's hands: its exchange goes with the connection.
struct ScriptedWorker: Sendable {
    /// A command that has arrived.
    struct Command: Sendable {
        let name: String
        let properties: AMQPProperties
        let body: [UInt8]
        /// From 1: how many have arrived with the same `message_id`.
        let attempt: Int
    }

    /// `nil`: no reply.
    typealias Script = @Sendable (Command) -> String?

    /// The commands, as they arrive.
    let arrivals = AsyncStream.makeStream(of: Command.self)
    let namespace = "client-\(UInt64.random(in: 0...UInt64.max))"
    private let queueArguments: AMQPTable

    /// - Parameter queueArguments: of the queue that commands arrive in.
    init(queueArguments: AMQPTable = AMQPTable()) {
        self.queueArguments = queueArguments
    }

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static let amqpURL = ProcessInfo.processInfo.environment["SOJOURN_TEST_AMQP_URL"]

    static func url() throws -> String {
        try #require(amqpURL, "deploy/local/test starts a RabbitMQ")
    }

    /// `succeeded`, with this data.
    static func success(_ data: String) -> String {
        #"{"command":"x","status":"succeeded","data":\#(data),"completedAt":"2026-11-20T22:00:00.000Z"}"#
    }

    /// `failed` or `rejected`.
    static func failure(_ code: String, isRetryable: Bool = false, status: String = "failed") -> String {
        """
        {"command":"x","status":"\(status)","error":{"code":"\(code)","message":"so it is","retryable":\(isRetryable)},\
        "completedAt":"2026-11-20T22:00:00.000Z"}
        """
    }

    /// Answers commands as the script says while `body` runs, with a client whose first broker is not there.
    func answering(
        _ script: @escaping Script, isConsuming: Bool = true,
        configure: (inout SessionClientConfiguration) -> Void = { _ in },
        _ body: (SessionClient) async throws -> Void
    ) async throws {
        let connection = try await AMQPConnection.connect(
            AMQPConfiguration(url: try Self.url()), on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Self.silent)
        let channel = try await connection.openChannel()
        let exchange = "\(namespace).commands"
        try await channel.exchangeDeclare(exchange, kind: "topic", durable: false, autoDelete: true)
        let queue = try await channel.queueDeclare(
            "", durable: false, exclusive: true, arguments: queueArguments)
        try await channel.queueBind(queue.name, exchange: exchange, routingKey: "#")
        let attempts = Mutex<[String: Int]>([:])
        if isConsuming {
            try await channel.consume(
                queue: queue.name, noAck: true,
                onBatch: { [arrivals] deliveries in
                    for delivery in deliveries {
                        let attempt = attempts.withLock { attempts in
                            attempts[delivery.properties.messageID ?? "", default: 0] += 1
                            return attempts[delivery.properties.messageID ?? "", default: 0]
                        }
                        let command = Command(
                            name: delivery.routingKey, properties: delivery.properties, body: delivery.body,
                            attempt: attempt)
                        // Before anybody can act on its arrival.
                        if let reply = script(command) { Self.reply(reply, to: command, on: channel) }
                        arrivals.continuation.yield(command)
                    }
                })
        }
        var configuration = SessionClientConfiguration(urls: ["amqp://127.0.0.1:1/", try Self.url()])
        configuration.namespace = namespace
        configure(&configuration)
        try await SessionClient.withConnection(configuration, logger: Self.silent, body)
        await connection.close()
    }

    private static func reply(_ reply: String, to command: Command, on channel: AMQPChannel) {
        channel.publishAndForget([
            AMQPMessage(
                exchange: "", routingKey: command.properties.replyTo ?? "",
                properties: AMQPProperties(correlationID: command.properties.correlationID), body: Array(reply.utf8))
        ])
    }
}
