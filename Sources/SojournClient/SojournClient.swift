import AMQPConnection
public import Logging
import NIOCore
import NIOPosix
import SessionContract

/// Talks to Sojourn through RabbitMQ: sends commands and gets their replies, watches what happens.
///
///     let sojourn = try await SojournClient.connect(url: "amqp://127.0.0.1", namespace: "sojourn")
///     let reply = try await sojourn.send("session.create", body: #"{"subject":"alice"}"#.utf8)
///
/// Bodies are JSON as `schemas/` describes it. A client may be used from anywhere; it does not reconnect.
public final class SojournClient: Sendable {
    let connection: AMQPConnection
    private let commands: AMQPChannel
    let names: Topology.Names
    private let replies: PendingReplies
    /// Who sends: RabbitMQ vouches for the user of the connection, and lets no other name pass.
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

    /// Connects to a broker. The user of the URL is the caller of every command (`user_id`), as an installation with a
    /// callers file wants it.
    ///
    /// - Parameters:
    ///   - url: `amqp://` or `amqps://`.
    ///   - namespace: the installation's.
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
    ///   - messageID: what makes the command's effect a single one; send it again with the same id if no reply comes.
    ///     Without one, a random id.
    ///   - timeout: how long to wait.
    /// - Returns: the result, JSON as `schemas/results/` describes it.
    /// - Throws: `timeout`, `notConnected`, `noSuchNamespace`, `unsendable`.
    public func send(
        _ command: String, body: some Sequence<UInt8>, messageID: String? = nil, timeout: Duration = .seconds(10)
    ) async throws(SojournClientError) -> [UInt8] {
        let id = messageID ?? RandomID.make()
        // Two commands with one message_id may be under way at once: each reply finds its own by a name of its own.
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

    /// Publishes a message. - Throws: what keeps it from being sent.
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

    /// The events that match `pattern` (as in a topic binding: `*` one word, `#` any), from now on, as CloudEvents in
    /// JSON. The stream ends when the connection does; at most 10 000 events wait in it, the oldest go first.
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

    /// Closes the connection in an orderly way. Commands that still wait for a reply fail with `notConnected`.
    public func close() async {
        await connection.close()
    }
}
