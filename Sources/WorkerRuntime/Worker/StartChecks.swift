import AMQPNIO
import ConnectionSupport
import LogMetadata
import Logging
import NIOCore
import RedisNIO
import SessionContract
import SessionEngine
import SessionStorage

/// Checks that run before a worker modifies anything. A server that is unavailable is waited for; one that refuses us
/// ends startup with an error. Once the worker runs, the same refusal may be temporary (a password being changed), and
/// is retried.
struct StartChecks: Sendable {
    let configuration: WorkerConfiguration
    let redis: RedisClient
    /// All state changes of `redis`.
    let redisStates: AsyncStream<RedisClientState>
    let store: RedisSessionStore
    let brokers: [AMQPConfiguration]
    let topology: TopologyDeclaration
    let eventLoop: any EventLoop
    let health: HealthState
    let logger: Logger

    /// Its name in `/readyz`.
    private static let component = "start"

    /// - Throws: `ConfigurationError` if retrying without a change is pointless; `CancellationError`.
    func run() async throws {
        try await waitForRedis()
        try await patiently { try await checkRedis() }
        try await patiently { try await checkBroker() }
        // Last, because it records the keyring for the namespace: a failed start must not change anything.
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
                throw ConfigurationError.refused(error, configuration)
            case .idle, .connecting, .disconnected, .shutDown:
                break
            }
        }
        throw CancellationError()
    }

    private func checkRedis() async throws {
        let masters = try await RedisDescription.ask(redis)
        for master in masters { try RedisVersionCheck.result(configuration, on: master).act(logger) }
        for master in masters { try EvictionCheck.result(configuration, on: master).act(logger) }
        try EncodingCheck.result(on: masters).act(logger)
    }

    // MARK: RabbitMQ

    private func checkBroker() async throws {
        let connection = try await connect()
        do {
            try await withTaskCancellationHandler {
                try BrokerVersionCheck.result(configuration, on: connection.server).act(logger)
                try await checkTopology(over: connection)
            } onCancel: {
                connection.beginClosing()
            }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// Tries one broker after another. Unless all of them refuse us, it is an outage.
    private func connect() async throws -> AMQPConnection {
        var refusal: ConfigurationError?
        var failure: AMQPError?
        for broker in brokers {
            let connector = BrokerConnector(configurations: [broker], logger: logger)
            do throws(AMQPError) {
                return try await connector.connect(
                    name: "sojourn/\(configuration.namespace)/start", on: eventLoop)
            } catch {
                if error.isRefusalOfCredentials {
                    refusal = .refused(by: broker, error, configuration)
                } else {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        throw refusal
            ?? ConfigurationError(
                .missingValue, configuration.name(of: .amqpUrl), "names no broker",
                remedy: "give the URL of at least one")
    }

    private func checkTopology(over connection: AMQPConnection) async throws {
        guard configuration.topology == .check else { return }
        let missing = try await topology.missing(over: connection)
        guard missing.isEmpty else { throw ConfigurationError.missing(missing, configuration) }
        logger.notice(
            """
            all exchanges and queues exist; AMQP does not expose bindings and arguments: compare those with the \
            output of `sojourn topology`
            """)
    }

    // MARK: Patience

    /// Retries with backoff, unless the configuration is wrong.
    private func patiently(_ check: () async throws -> Void) async throws {
        var backoff = Backoff()
        var news = FailureNews()
        var random = SystemRandomNumberGenerator()
        while true {
            try Task.checkCancellation()
            do {
                return try await check()
            } catch let error where !(error is ConfigurationError || error is CancellationError) {
                // Cancelling a check makes it fail in its own words.
                try Task.checkCancellation()
                let delay = backoff.next(using: &random)
                health.set(component: Self.component, .down(reason: "\(error)"))
                if news.isNews("\(error)", at: .now()) {
                    logger.warning(
                        "the worker cannot start yet: retrying",
                        metadata: [LogKey.reason: "\(error)", LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)"])
                }
                try await Task.sleep(for: delay)
            }
        }
    }
}
