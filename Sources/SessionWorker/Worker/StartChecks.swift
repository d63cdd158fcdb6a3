import AMQPConnection
import Logging
import NIOCore
import RedisConnection
import SessionContract
import SessionStore

/// What has to be right before a worker touches anything: a server that is away is waited for, and one that says no ends
/// the start with a sentence. Once it runs, the same no may pass (a password that is being changed), and is tried
/// again.
struct StartChecks: Sendable {
    let configuration: WorkerConfiguration
    let redis: RedisClient
    /// What `redis` is doing, from the beginning.
    let redisStates: AsyncStream<RedisClientState>
    let store: RedisSessionStore
    let brokers: [AMQPConfiguration]
    let topology: TopologyDeclaration
    let eventLoop: any EventLoop
    let health: HealthState
    let logger: Logger

    /// What `/readyz` calls it.
    private static let component = "start"

    /// - Throws: `ConfigurationError` where it makes no sense to try again without a change; `CancellationError`.
    func run() async throws {
        try await waitForRedis()
        try await patiently { try await EvictionCheck(redis: redis, logger: logger).run(configuration) }
        try await patiently { try await checkBroker() }
        // Last, since this begins to use the namespace with the keyring: a start that ends leaves nothing behind.
        try await patiently {
            guard try await store.isKeyringTheirs() else { throw ConfigurationError.foreignKeyring(configuration) }
        }
        health.set(component: Self.component, .up)
    }

    // MARK: Redis

    private func waitForRedis() async throws {
        redis.start()
        for await state in redisStates {
            switch state {
            case .connected:
                return
            case .disconnected(let error, nextAttempt: _) where error.isRefusalOfCredentials:
                throw ConfigurationError(
                    .refusedByServer, configuration.name(of: .redisUrl),
                    "is refused by Redis (\(error.message))",
                    remedy: "user name and password must be those of a user that it has")
            case .idle, .connecting, .disconnected, .shutDown:
                break
            }
        }
        throw CancellationError()
    }

    // MARK: RabbitMQ

    private func checkBroker() async throws {
        let connection = try await connect()
        do {
            try await checkTopology(over: connection)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// Asks one broker after the other. Only where all of them refuse us it is not an outage.
    private func connect() async throws -> AMQPConnection {
        var refusal: ConfigurationError?
        var failure: AMQPError?
        for broker in brokers {
            let connector = BrokerConnector(configurations: [broker], logger: logger)
            do throws(AMQPError) {
                return try await connector.connect(
                    name: "sojourn/\(configuration.namespace)/start", on: eventLoop)
            } catch {
                if error.isRefusalOfCredentials { refusal = refused(by: broker, error) } else { failure = error }
            }
        }
        if let failure { throw failure }
        throw refusal
            ?? ConfigurationError(
                .missingValue, configuration.name(of: .amqpUrl), "names no broker",
                remedy: "it must be the URL of one")
    }

    private func refused(by broker: AMQPConfiguration, _ error: AMQPError) -> ConfigurationError {
        let remedy =
            error.code == .authenticationFailed
            ? "user name and password must be those of a user that it has"
            : "the virtual host must exist, and the user be allowed to enter it"
        return ConfigurationError(
            .refusedByServer, configuration.name(of: .amqpUrl),
            "is refused by RabbitMQ at \(broker) (\(error.replyText ?? error.message))", remedy: remedy)
    }

    private func checkTopology(over connection: AMQPConnection) async throws {
        guard configuration.topology == .check else { return }
        let missing = try await topology.missing(over: connection)
        guard missing.isEmpty else {
            throw ConfigurationError(
                .missingTopology, "RabbitMQ", "lacks \(missing.joined(separator: ", "))",
                remedy:
                    "import the output of `sojourn topology`, or set \(configuration.name(of: .topology)) to declare")
        }
        logger.notice(
            """
            exchanges and queues are there; AMQP does not show their bindings and arguments: compare those with the \
            output of `sojourn topology`
            """)
    }

    // MARK: Patience

    /// Again and again with growing delay, unless it is the configuration that is wrong.
    private func patiently(_ check: () async throws -> Void) async throws {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(10))
        var random = SystemRandomNumberGenerator()
        while true {
            try Task.checkCancellation()
            do {
                return try await check()
            } catch let error where !(error is ConfigurationError || error is CancellationError) {
                let delay = backoff.next(using: &random)
                health.set(component: Self.component, .down(reason: "\(error)"))
                logger.warning(
                    "the worker cannot begin yet: it tries again",
                    metadata: [LogKey.reason: "\(error)", LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)"])
                try await Task.sleep(for: delay)
            }
        }
    }
}

extension RedisError {
    /// Whether Redis does not know who we are. That a user lacks a permission (`notPermitted`) may be put right while we
    /// wait.
    fileprivate var isRefusalOfCredentials: Bool { code == .authenticationFailed }
}

extension AMQPError {
    /// Whether the broker does not know who we are, or has no such virtual host for us. A limit on connections, which it
    /// tells with the same code, passes.
    fileprivate var isRefusalOfCredentials: Bool {
        switch code {
        case .authenticationFailed: true
        case .virtualHostUnavailable: replyText?.contains("limit") != true
        default: false
        }
    }
}

extension ConfigurationError {
    /// The namespace is used with other keys than those that this worker was given.
    static func foreignKeyring(_ configuration: WorkerConfiguration) -> ConfigurationError {
        ConfigurationError(
            .conflictingValues, configuration.nameOfKeys, "is not the keyring that this namespace is used with",
            remedy: "give every worker of a namespace the same keyring, or this one another namespace")
    }
}
