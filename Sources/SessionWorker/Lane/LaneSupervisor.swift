import AMQPConnection
import ConnectionSupport
import Logging
import NIOCore
import RedisConnection
import SessionContract
import SessionStore

/// Keeps a lane running: connects it, and again whenever a connection is lost, waiting longer between attempts and never
/// as long as its neighbours.
actor LaneSupervisor {
    private let lane: Lane<RedisSessionStore, AMQPLaneBroker>
    private let parts: Parts
    private let policies: PoliciesInForce
    private let connector: BrokerConnector
    private let topology: TopologyDeclaration
    private let configuration: WorkerConfiguration
    private let health: SharedHealth
    private let logger: Logger
    private var isStopping = false
    private var pause: Task<Void, any Error>?
    private var connecting: Task<Void, any Error>?

    /// What a lane is connected with.
    struct Parts {
        /// What its connections are called at the broker.
        let name: String
        /// The number of the lane, for health.
        let number: Int
        let queues: [(queue: Topology.CommandQueue, name: String)]
        let redis: RedisClient
        let store: RedisSessionStore
        let replies: ReplyPublisher
    }

    init(
        _ lane: Lane<RedisSessionStore, AMQPLaneBroker>, parts: Parts, policies: PoliciesInForce,
        connector: BrokerConnector, topology: TopologyDeclaration,
        configuration: WorkerConfiguration, health: SharedHealth, logger: Logger
    ) {
        self.lane = lane
        self.parts = parts
        self.policies = policies
        self.connector = connector
        self.topology = topology
        self.configuration = configuration
        self.health = health
        self.logger = logger
    }

    /// Runs until it is told to stop and the lane has finished what it had, or the task is cancelled.
    func run() async {
        await withTaskCancellationHandler {
            await serveRepeatedly()
        } onCancel: {
            Task { await lane.abandon() }
        }
        health.isDown(parts.number, because: "stopped")
        await parts.redis.shutdown()
    }

    private func serveRepeatedly() async {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(10))
        var random = SystemRandomNumberGenerator()
        while !isStopping && !Task.isCancelled {
            do {
                guard let broker = try await connectUnlessStopped() else { return }
                let begin = ContinuousClock.now
                // A connection that did not last proves nothing.
                defer { if ContinuousClock.now - begin >= .seconds(10) { backoff.reset() } }
                try await serve(over: broker)
            } catch {
                if isStopping || Task.isCancelled { break }
                let delay = backoff.next(using: &random)
                health.isDown(parts.number, because: "\(error)")
                logger.warning(
                    "the lane cannot take commands: it tries again",
                    metadata: [LogKey.reason: "\(error)", LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)"])
                await rest(for: delay)
            }
        }
    }

    /// Has the lane take no more; `run` returns once it has finished.
    func stop() async {
        isStopping = true
        pause?.cancel()
        connecting?.cancel()
        await lane.drain()
    }

    /// Connects once Redis is there; `nil` if it was told to stop meanwhile.
    private func connectUnlessStopped() async throws -> BrokerConnections? {
        let wait = Task { [redis = parts.redis] in try await redis.waitUntilConnected() }
        connecting = wait
        try await withTaskCancellationHandler {
            try await wait.value
        } onCancel: {
            wait.cancel()
        }
        guard try await parts.store.isKeyringTheirs() else {
            throw ConfigurationError.foreignKeyring(configuration)
        }
        try await policies.refresh(from: parts.store)
        let broker = try await connect()
        guard isStopping else { return broker }
        await broker.close()
        return nil
    }

    private func connect() async throws(AMQPError) -> BrokerConnections {
        let name = parts.name
        let consuming = try await connector.connect(name: name + "/consume", on: lane.eventLoop)
        do {
            let publishing = try await connector.connect(name: name + "/publish", on: lane.eventLoop)
            return BrokerConnections(consuming: consuming, publishing: publishing)
        } catch {
            await consuming.close()
            throw error
        }
    }

    private func serve(over connections: BrokerConnections) async throws {
        do {
            switch configuration.topology {
            case .declare: tell(of: try await topology.declare(over: connections.consuming))
            case .check: break
            }
            health.isUp(parts.number)
            logger.info("the lane takes commands")
            let broker = try await AMQPLaneBroker(
                over: connections, queues: parts.queues, prefetch: UInt16(configuration.prefetch),
                replies: parts.replies)
            try await withTaskExecutorPreference(lane.taskExecutor) { try await lane.serve(over: broker) }
        } catch {
            await close(connections)
            throw error
        }
        await close(connections)
    }

    private func close(_ connections: BrokerConnections) async {
        await parts.replies.abandon()
        await connections.close()
    }

    /// Each lane finds the same; one says it.
    private func tell(of differences: [QueueDifference]) {
        guard parts.number == 0 else { return }
        for difference in differences {
            logger.warning(
                "a queue is otherwise than it is declared: it is used as it is",
                metadata: [LogKey.queue: "\(difference.queue)", LogKey.reason: "\(difference.sentence)"])
        }
    }

    private func rest(for delay: Duration) async {
        let pause = Task { try await Task.sleep(for: delay) }
        self.pause = pause
        await withTaskCancellationHandler {
            _ = try? await pause.value
        } onCancel: {
            pause.cancel()
        }
    }
}
