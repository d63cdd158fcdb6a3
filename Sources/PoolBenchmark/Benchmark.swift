package import AMQPNIO
import Logging
import NIOCore
import NIOPosix
package import RedisNIO
import SessionContract
package import SessionCore
import SojournClient

/// One run: connects, prepares sessions, measures an echo and each mix, and removes what it made.
package struct Benchmark: Sendable {
    /// Which installation is loaded.
    package struct Target: Sendable {
        /// The brokers, tried in turn.
        package var brokers: [AMQPConfiguration]
        package var namespace: String
        package var redis: RedisConfiguration
        package var brokerIsLocal: Bool
        package var redisIsLocal: Bool

        package init(
            brokers: [AMQPConfiguration], namespace: String, redis: RedisConfiguration, brokerIsLocal: Bool,
            redisIsLocal: Bool
        ) {
            self.brokers = brokers
            self.namespace = namespace
            self.redis = redis
            self.brokerIsLocal = brokerIsLocal
            self.redisIsLocal = redisIsLocal
        }
    }

    private let target: Target
    private let settings: BenchmarkSettings
    private let identity = RunIdentity.random()
    private let interruption: Interruption
    private let clock: @Sendable () -> Timestamp
    private let logger = Logger(label: "sojourn.bench") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameter clock: the time of day, for the report.
    package init(
        _ settings: BenchmarkSettings, target: Target, interruption: Interruption,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.settings = settings
        self.target = target
        self.interruption = interruption
        self.clock = clock
    }

    /// Runs to the end, or to the interruption.
    ///
    /// - Parameters:
    ///   - processes: those whose ids are known; others of this machine are looked for.
    ///   - onProgress: called twice a second, on an event loop.
    /// - Throws: `BenchmarkError` if nothing could be measured.
    package func run(
        processes: WatchedProcesses, onProgress: @escaping @Sendable (BenchmarkProgress) -> Void
    ) async throws(BenchmarkError) -> BenchmarkReport {
        // One thread sends and receives, the other echoes, so that the echo's CPU time can be told from the client's.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let result: Result<BenchmarkReport, BenchmarkError>
        do throws(BenchmarkError) {
            result = .success(try await run(on: loops, processes, onProgress))
        } catch {
            result = .failure(error)
        }
        try? await loops.shutdownGracefully()
        return try result.get()
    }

    private func run(
        on loops: MultiThreadedEventLoopGroup, _ processes: WatchedProcesses,
        _ onProgress: @escaping @Sendable (BenchmarkProgress) -> Void
    ) async throws(BenchmarkError) -> BenchmarkReport {
        let (loop, echoLoop) = (loops.next(), loops.next())
        let (connection, configuration) = try await connect(on: loop)
        let (echoConnection, _) = try await connect(on: echoLoop)
        let control = try controlClient()
        async let running: Void = control.run()
        defer { control.close() }
        try await connect(control)
        let redis = await RedisInformation.ask(target.redis, isLocal: target.redisIsLocal, on: echoLoop)
        var watched = processes
        watched.complete(brokerPort: target.brokerIsLocal ? configuration.port : nil, redis: redis)
        try await checkWorkers(on: connection)
        let clientClock = (try? await loop.submit { CPUTime.clockOfThisThread() }.get()) ?? nil
        let session = try await unwrapped { () async throws(AMQPError) in
            let echo = try await EchoServer.start(
                on: echoConnection.openChannel(), prefetch: UInt16(clamping: settings.outstanding * 2))
            let generator = LoadGenerator(
                channel: try await connection.openChannel(), generatorConfiguration(configuration, echo: echo.queue))
            try await generator.listen()
            return BenchmarkSession(
                settings: settings, identity: identity, generator: generator, echo: echo, processes: watched,
                clientClock: clientClock, control: control,
                interruption: interruption, onProgress: onProgress)
        }
        let result: Result<MeasuredRun, BenchmarkError>
        do throws(BenchmarkError) { result = .success(try await session.run()) } catch { result = .failure(error) }
        control.close()
        await running
        await connection.close()
        await echoConnection.close()
        let run = try result.get()
        return BenchmarkReport(
            namespace: target.namespace, broker: "\(configuration.host):\(configuration.port)", settings: settings,
            identity: identity, processes: watched, redisVersion: redis?.version, endedAt: clock(), run: run)
    }

    private func generatorConfiguration(
        _ configuration: AMQPConfiguration, echo: String
    ) -> LoadGenerator.Configuration {
        LoadGenerator.Configuration(
            identity: identity, exchange: Topology.Names(namespace: target.namespace).commands, echoQueue: echo,
            user: configuration.username.isEmpty ? nil : configuration.username, outstanding: settings.outstanding,
            timeoutNanoseconds: UInt64(settings.timeoutSeconds) * 1_000_000_000, maxSessions: settings.maxSessions,
            pool: settings.sessionsToPrepare * 2)
    }

    /// Connects to the first broker that answers.
    private func connect(on loop: any EventLoop) async throws(BenchmarkError) -> (AMQPConnection, AMQPConfiguration) {
        var failure = AMQPError(.invalidConfiguration, "no broker is configured")
        for var configuration in target.brokers {
            do throws(AMQPError) {
                configuration.connectionName = "sojourn/\(target.namespace)/bench"
                return (try await AMQPConnection.connect(configuration, on: loop, logger: logger), configuration)
            } catch {
                failure = error
            }
        }
        throw BenchmarkError(.unavailable, failure.message)
    }

    /// Checks that some worker consumes the commands, so that nobody has to wait for a timeout to learn it.
    private func checkWorkers(on connection: AMQPConnection) async throws(BenchmarkError) {
        let queue = Topology.CommandQueue.validate.name(in: target.namespace)
        do throws(AMQPError) {
            let channel = try await connection.openChannel()
            let consumers = try await channel.queueDeclare(queue, passive: true).consumerCount
            await channel.close()
            guard consumers > 0 else {
                throw AMQPError(.notFound, "no worker consumes \(queue): start one and try again")
            }
        } catch {
            let hint = error.replyCode == 404 ? ": has a worker ever run in the namespace \(target.namespace)?" : ""
            throw BenchmarkError(.unavailable, error.message + hint)
        }
    }

    /// The client for the few commands that are not part of the load.
    private func controlClient() throws(BenchmarkError) -> SessionClient {
        var configuration = SessionClientConfiguration(urls: [])
        configuration.namespace = target.namespace
        do throws(SojournError) {
            return try SessionClient(configuration, brokers: target.brokers, logger: logger)
        } catch {
            throw BenchmarkError(.unavailable, error.message)
        }
    }

    private func connect(_ client: SessionClient) async throws(BenchmarkError) {
        do throws(SojournError) { try await client.connect() } catch {
            throw BenchmarkError(.unavailable, error.message)
        }
    }

    private func unwrapped<Value: Sendable>(
        _ body: () async throws(AMQPError) -> Value
    ) async throws(BenchmarkError) -> Value {
        do throws(AMQPError) { return try await body() } catch {
            throw BenchmarkError(.unavailable, error.message)
        }
    }
}
