package import AMQPNIO
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// Sojourn over RabbitMQ.
///
///     let sojourn = try SessionClient(SessionClientConfiguration(url: "amqp://127.0.0.1"))
///     let group = ServiceGroup(services: [sojourn, yourService], logger: logger)
///     …
///     let created = try await sojourn.createSession(subject: "alice", device: Device(name: "Firefox"))
///
/// A client has one connection, over which any number of tasks send commands at a time, up to its limit. When the connection is
/// lost it connects again, to the next broker if need be. Commands without a result are then sent again with the same id, until
/// their time is up: none takes effect twice.
public final class SessionClient: SessionService, Service {
    let amqp: AMQPClient<CommandLink>
    package let namespace: String
    /// Where commands go (contract §1).
    package var commandExchange: String { namespace + ".commands" }
    /// The `user_id` of commands: RabbitMQ only accepts the connection's own user.
    package let user: String?
    let logger: Logger
    private let timeout: Duration
    private let traffic: CommandTraffic
    private let metrics = CommandMetrics()

    /// - Throws: ``SojournError`` `invalidConfiguration`.
    public convenience init(
        _ configuration: SessionClientConfiguration, logger: Logger = Logger(label: "sojourn.client")
    ) throws(SojournError) {
        try self.init(configuration, brokers: try configuration.brokers(), logger: logger)
    }

    /// Like ``init(_:logger:)``, with brokers whose configuration says more than a URL.
    package init(
        _ configuration: SessionClientConfiguration, brokers: [AMQPConfiguration], logger: Logger
    ) throws(SojournError) {
        try configuration.validate()
        guard Set(brokers.map(\.username)).count == 1, let user = brokers.first?.username else {
            throw SojournError(
                .invalidConfiguration, "there must be at least one broker URL, and all must have the same user")
        }
        let name = "sojourn/\(configuration.namespace)/client"
        amqp = AMQPClient(
            BrokerConnector(configurations: brokers, logger: logger),
            on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger
        ) { attempt in
            try await CommandLink(over: attempt.connect(name: name))
        }
        namespace = configuration.namespace
        self.user = user.isEmpty ? nil : user
        self.logger = logger
        timeout = configuration.timeout
        traffic = CommandTraffic(
            commands: configuration.maxCommandsInFlight, bytes: configuration.maxBytesInFlight)
    }

    // MARK: - Running

    /// Keeps the connection open until the service group shuts down, the task is cancelled, or ``close()`` is called; then closes
    /// it. Commands sent before it runs wait for it. Call it once.
    public func run() async {
        await amqp.run()
    }

    /// Waits until the client is connected; for ever if ``run()`` is never called.
    ///
    /// - Throws: ``SojournError`` if the present attempt, or the next one, fails: a command would wait for further ones.
    public func connect() async throws(SojournError) {
        do throws(AMQPError) { _ = try await amqp.link(isPatient: false) } catch { throw SojournError(error) }
    }

    /// Makes ``run()`` close the connection and return. Commands that wait for results fail.
    public func close() {
        amqp.shutdown()
    }

    /// Runs a client for as long as a closure needs it.
    ///
    /// - Throws: ``SojournError`` if it cannot connect at once; what the closure throws.
    public static func withConnection<Value: Sendable>(
        _ configuration: SessionClientConfiguration, logger: Logger = Logger(label: "sojourn.client"),
        _ body: (SessionClient) async throws -> Value
    ) async throws -> Value {
        try await SessionClient(configuration, logger: logger).whileConnected(body)
    }

    /// Runs the client for as long as a closure needs it.
    package func whileConnected<Value: Sendable>(_ body: (SessionClient) async throws -> Value) async throws -> Value {
        // Left, the scope waits until it is closed.
        async let _: Void = run()
        defer { close() }
        try await connect()
        return try await body(self)
    }

    /// Whether it was closed for good.
    var isClosed: Bool { amqp.isShutDown }

    // MARK: - Commands

    public func send(_ command: String, body: [UInt8], options: CommandOptions) async throws -> [UInt8] {
        try Task.checkCancellation()
        let deadline = CommandDeadline(after: try checked(options.timeout ?? timeout))
        let result = try await metrics.measuring(command) {
            try await CommandTrace.recording(command, to: commandExchange) { trace in
                try await traffic.counting(bytes: body.count) {
                    let outgoing = OutgoingCommand(
                        name: command, body: body, id: options.id ?? RandomID.make(), user: user,
                        exchange: commandExchange, deadline: deadline, trace: trace)
                    let repetition = CommandRepetition(deadline: deadline) { self.metrics.repeated(because: $0) }
                    return try await repetition.run { try await reply(to: outgoing) }
                }
            }
        }
        return result.bytes
    }

    private func checked(_ timeout: Duration) throws(SojournError) -> Duration {
        guard timeout > .zero, timeout <= CommandDeadline.longest else {
            throw SojournError(.invalidConfiguration, "a command's timeout must be more than 0 and at most an hour")
        }
        return timeout
    }

    private func reply(to command: OutgoingCommand) async throws -> CommandReply {
        let link = try await link(before: command.deadline)
        let (message, correlationID) = command.message()
        let delivery = try await link.reply(to: message, correlatedBy: correlationID, before: command.deadline)
        return try CommandReply(delivery)
    }

    /// The link, once there is one.
    ///
    /// - Throws: `notConnected` if there is none in time; `CancellationError`.
    private func link(before deadline: CommandDeadline) async throws -> CommandLink {
        if let link = amqp.currentLink { return link }
        let result = await withTaskGroup(of: Result<CommandLink, AMQPError>?.self) { [amqp] group in
            group.addTask {
                do throws(AMQPError) { return .success(try await amqp.link()) } catch { return .failure(error) }
            }
            group.addTask {
                try? await Task.sleep(for: deadline.left)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        try Task.checkCancellation()
        if isClosed { throw SojournError.closed }
        switch result {
        case .success(let link): return link
        case .failure(let error): throw SojournError(error)
        case nil: throw amqp.lastFailure.map { SojournError($0) } ?? .timeout(after: deadline.timeout)
        }
    }
}

// MARK: - For the command line

extension SessionClient {
    /// The connection, for further channels.
    ///
    /// - Throws: why there is none.
    package func connection() async throws(AMQPError) -> AMQPConnection {
        try await amqp.link(isPatient: false).connection
    }

    /// Publishes a command that somebody has sent before, as it is but for where its reply goes, and waits for that. It is sent once.
    ///
    /// - Throws: ``SojournError``; `accessRefused` if RabbitMQ does not accept its `user_id`.
    package func sendAgain(_ command: AMQPMessage, timeout: Duration) async throws -> AMQPDelivery {
        var message = command
        let id = RandomID.make()
        message.properties.correlationID = id
        message.properties.replyTo = CommandLink.replyQueue
        let deadline = CommandDeadline(after: timeout)
        return try await link(before: deadline).reply(to: message, correlatedBy: id, before: deadline)
    }
}
