package import AMQPNIO
public import Logging
import NIOCore
import NIOPosix
import SessionContract

/// Sends commands to Sojourn over RabbitMQ, receives their replies, and watches events.
///
///     let sojourn = try await SessionClient.connect(url: "amqp://127.0.0.1", namespace: "sojourn")
///     let reply = try await sojourn.send("session.create", body: #"{"subject":"alice"}"#.utf8)
///
/// Bodies are JSON as described in `schemas/`. A client can be used concurrently. It reconnects when its connection is
/// lost: commands in flight fail with `notConnected`, and commands sent meanwhile wait, up to their timeout.
public final class SessionClient: Sendable {
    /// What the client uses while it is connected.
    struct Link: Sendable {
        let connection: AMQPConnection
        let commands: AMQPChannel
        let replies: PendingReplies
    }

    let amqp: AMQPClient<Link>
    let names: Topology.Names
    /// The `user_id` of commands: RabbitMQ only accepts the connection's own user.
    package let user: String?
    private let running: Task<Void, Never>

    private init(_ amqp: AMQPClient<Link>, names: Topology.Names, user: String?) {
        self.amqp = amqp
        self.names = names
        self.user = user
        running = Task { await amqp.run() }
    }

    deinit {
        amqp.shutdown()
    }

    /// Connects to a broker. The URL's user becomes the `user_id` of every command, as a callers file requires.
    ///
    /// - Parameters:
    ///   - url: `amqp://` or `amqps://`.
    ///   - namespace: the installation's namespace.
    /// - Throws: `invalidConfiguration`; `notConnected` if no broker is reachable now.
    public static func connect(
        url: String, namespace: String = "sojourn", logger: Logger = Logger(label: "sojourn.client")
    ) async throws(SessionClientError) -> SessionClient {
        try await connect(urls: [url], namespace: namespace, logger: logger)
    }

    /// Connects to the first broker that answers, and does so again whenever the connection is lost.
    ///
    /// - Parameter urls: the brokers of one cluster, all with the same user.
    /// - Throws: `invalidConfiguration`, also if the users differ; `notConnected` if no broker is reachable now.
    public static func connect(
        urls: [String], namespace: String = "sojourn", logger: Logger = Logger(label: "sojourn.client")
    ) async throws(SessionClientError) -> SessionClient {
        var brokers: [AMQPConfiguration] = []
        do throws(AMQPError) {
            for url in urls { brokers.append(try AMQPConfiguration(url: url)) }
        } catch {
            throw SessionClientError(error)
        }
        return try await connect(to: brokers, namespace: namespace, logger: logger)
    }

    /// Like ``connect(urls:namespace:logger:)``, with all that a URL does not say.
    package static func connect(
        to brokers: [AMQPConfiguration], namespace: String, logger: Logger
    ) async throws(SessionClientError) -> SessionClient {
        do throws(AMQPError) {
            guard Set(brokers.map(\.username)).count == 1, let user = brokers.first?.username else {
                throw AMQPError(
                    .invalidConfiguration, "there must be at least one broker URL, and all must have the same user")
            }
            let amqp = AMQPClient<Link>(
                BrokerConnector(configurations: brokers, logger: logger),
                on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger
            ) { attempt in
                try await open(attempt.connect(name: "sojourn/\(namespace)/client"))
            }
            let client = SessionClient(
                amqp, names: Topology.Names(namespace: namespace), user: user.isEmpty ? nil : user)
            _ = try await amqp.link(isPatient: false)
            return client
        } catch {
            throw SessionClientError(error)
        }
    }

    /// Consumes direct replies, which arrive on the channel that commands are published on.
    private static func open(_ connection: AMQPConnection) async throws(AMQPError) -> Link {
        let commands = try await connection.openChannel()
        let replies = PendingReplies()
        try await commands.consume(queue: ReplyQueue.direct, noAck: true, onBatch: { replies.deliver($0) })
        commands.closeFuture.whenSuccess { error in
            replies.fail(error.map(SessionClientError.init) ?? .closed)
            // The connection is useless without its channel.
            connection.beginClosing()
        }
        return Link(connection: connection, commands: commands, replies: replies)
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
    ) async throws(SessionClientError) -> [UInt8] {
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
        let deadline = ContinuousClock.now + timeout
        let link = try await link(within: timeout)
        let reply = try await link.replies.reply(
            to: correlationID, within: ContinuousClock.now.duration(to: deadline), timeout: timeout
        ) { () throws(SessionClientError) in
            try await Self.publish(message, on: link.commands)
        }
        return reply.body
    }

    /// The link, once there is one.
    ///
    /// - Throws: `notConnected` if there is none in time.
    private func link(within timeout: Duration) async throws(SessionClientError) -> Link {
        let result = await withTaskGroup(of: Result<Link, AMQPError>?.self) { [amqp] group in
            group.addTask {
                do throws(AMQPError) { return .success(try await amqp.link()) } catch { return .failure(error) }
            }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        switch result {
        case .success(let link): return link
        case .failure(let error): throw SessionClientError(error)
        case nil: throw amqp.lastFailure.map { SessionClientError($0) } ?? .closed
        }
    }

    /// Publishes a message, or throws the reason why it could not be sent.
    private static func publish(_ message: AMQPMessage, on channel: AMQPChannel) async throws(SessionClientError) {
        let outcomes: [AMQPPublishOutcome]
        do {
            outcomes = try await channel.publishUnconfirmed([message])
        } catch {
            throw SessionClientError(error)
        }
        for case .unsendable(let reason) in outcomes {
            throw SessionClientError(code: .unsendable, message: reason)
        }
    }

    /// The events that match `pattern` (as in a topic binding: `*` matches one word, `#` any number), from now on, as
    /// CloudEvents in JSON. The stream ends with the connection. It buffers at most 10 000 events; beyond that, the
    /// oldest are dropped.
    ///
    /// - Throws: `notConnected`, `noSuchNamespace`.
    public func events(matching pattern: String = "#") async throws(SessionClientError) -> AsyncStream<[UInt8]> {
        do {
            let channel = try await amqp.link(isPatient: false).connection.openChannel()
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
            throw SessionClientError(error)
        }
    }

    /// Closes the connection gracefully. Commands still waiting for a reply fail with `notConnected`.
    public func close() async {
        amqp.shutdown()
        await running.value
    }
}
