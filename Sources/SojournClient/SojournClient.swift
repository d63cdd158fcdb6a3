import AMQPConnection
public import Logging
import NIOCore
import NIOPosix
import SessionContract

/// Sends commands to Sojourn over RabbitMQ, receives their replies, and watches events.
///
///     let sojourn = try await SojournClient.connect(url: "amqp://127.0.0.1", namespace: "sojourn")
///     let reply = try await sojourn.send("session.create", body: #"{"subject":"alice"}"#.utf8)
///
/// Bodies are JSON as `schemas/` describes it. A client is safe to use concurrently; it does not reconnect.
public final class SojournClient: Sendable {
    let connection: AMQPConnection
    private let commands: AMQPChannel
    let names: Topology.Names
    private let replies: PendingReplies
    /// The `user_id` of commands: RabbitMQ only accepts the connection's own user.
    private let user: String?

    private init(
        connection: AMQPConnection, commands: AMQPChannel, names: Topology.Names, replies: PendingReplies, user: String?
    ) {
        self.user = user
        self.connection = connection
        self.commands = commands
        self.names = names
        self.replies = replies
    }

    /// Connects to a broker. The URL's user becomes the `user_id` of every command, as a callers file requires.
    ///
    /// - Parameters:
    ///   - url: `amqp://` or `amqps://`.
    ///   - namespace: the installation's namespace.
    /// - Throws: `invalidConfiguration`, `notConnected`.
    public static func connect(
        url: String, namespace: String = "sojourn", logger: Logger = Logger(label: "sojourn.client")
    ) async throws(SojournClientError) -> SojournClient {
        do {
            var configuration = try AMQPConfiguration(url: url)
            configuration.connectionName = "sojourn/\(namespace)/client"
            let connection = try await AMQPConnection.connect(
                configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
            let commands = try await connection.openChannel()
            let replies = PendingReplies()
            try await commands.consume(
                queue: ReplyQueue.direct, noAck: true, onBatch: { replies.deliver($0) })
            commands.closeFuture.whenSuccess { error in
                replies.fail(error.map(SojournClientError.init) ?? .closed)
            }
            return SojournClient(
                connection: connection, commands: commands, names: Topology.Names(namespace: namespace),
                replies: replies, user: configuration.username.isEmpty ? nil : configuration.username)
        } catch {
            throw SojournClientError(error)
        }
    }

    /// Sends a command and waits for its reply.
    ///
    /// - Parameters:
    ///   - command: such as `session.create`; it is the routing key.
    ///   - body: a JSON object.
    ///   - messageID: the idempotency key: if no reply arrives, send the command again with the same id, and it takes
    ///     effect only once. Random by default.
    ///   - timeout: how long to wait.
    /// - Returns: the result, JSON as `schemas/results/` describes it.
    /// - Throws: `timeout`, `notConnected`, `noSuchNamespace`, `unsendable`.
    public func send(
        _ command: String, body: some Sequence<UInt8>, messageID: String? = nil, timeout: Duration = .seconds(10)
    ) async throws(SojournClientError) -> [UInt8] {
        let id = messageID ?? RandomID.make()
        // Two commands with the same message_id may be in flight at once, so replies are matched by a separate
        // correlation id.
        let correlationID = RandomID.make()
        let message = AMQPMessage(
            exchange: names.commands, routingKey: command,
            properties: AMQPProperties(
                contentType: "application/json", deliveryMode: 2, correlationID: correlationID,
                replyTo: ReplyQueue.direct, messageID: id, userID: user),
            body: Array(body))
        let channel = commands
        return try await replies.reply(to: correlationID, within: timeout) { () throws(SojournClientError) in
            try await Self.publish(message, on: channel)
        }
    }

    /// Publishes a message, or throws the reason why it could not be sent.
    private static func publish(_ message: AMQPMessage, on channel: AMQPChannel) async throws(SojournClientError) {
        let outcomes: [AMQPPublishOutcome]
        do {
            outcomes = try await channel.publishUnconfirmed([message])
        } catch {
            throw SojournClientError(error)
        }
        for case .unsendable(let reason) in outcomes {
            throw SojournClientError(code: .unsendable, message: reason)
        }
    }

    /// The events that match `pattern` (as in a topic binding: `*` matches one word, `#` any number), from now on, as
    /// CloudEvents in JSON. The stream ends with the connection. It buffers at most 10 000 events; beyond that, the
    /// oldest are dropped.
    ///
    /// - Throws: `notConnected`, `noSuchNamespace`.
    public func events(matching pattern: String = "#") async throws(SojournClientError) -> AsyncStream<[UInt8]> {
        do {
            let channel = try await connection.openChannel()
            let queue = try await channel.queueDeclare("", durable: false, exclusive: true, autoDelete: true)
            try await channel.queueBind(queue.name, exchange: names.events, routingKey: pattern)
            let (events, continuation) = AsyncStream.makeStream(
                of: [UInt8].self, bufferingPolicy: .bufferingNewest(10_000))
            channel.closeFuture.whenComplete { _ in continuation.finish() }
            try await channel.consume(
                queue: queue.name, noAck: true,
                onBatch: { deliveries in
                    for delivery in deliveries { continuation.yield(delivery.body) }
                },
                onCancelled: { continuation.finish() })
            return events
        } catch {
            throw SojournClientError(error)
        }
    }

    /// Closes the connection gracefully. Commands still waiting for a reply fail with `notConnected`.
    public func close() async {
        await connection.close()
    }
}
