package import AMQPNIO
import ConnectionSupport
package import Logging
package import NIOCore
package import RedisNIO
import SessionContract
package import SessionCore
package import SessionStorage

/// Keeps a lane running: connects it, and again whenever a connection is lost, waiting longer between attempts and never
/// as long as its neighbours.
package actor LaneSupervisor {
    private let lane: Lane<RedisSessionStore, AMQPLaneBroker>
    private let parts: Parts
    private let queues: [(queue: Topology.CommandQueue, name: String)]
    private let replies: ReplyPublisher
    private let logger: Logger
    private var isStopping = false
    private var pause: Task<Void, any Error>?
    private var connecting: Task<Void, any Error>?

    /// What a lane is connected with, and how.
    package struct Parts: Sendable {
        let name: String
        let number: Int
        let redis: RedisClient
        let store: RedisSessionStore
        let policies: PoliciesInForce
        let connector: BrokerConnector
        let topology: TopologyDeclaration?
        let prefetch: UInt16
        let broker: SharedHealth
        let writes: SharedHealth

        /// - Parameters:
        ///   - name: what its connections are called at the broker.
        ///   - number: of the lane, for health.
        ///   - topology: what is declared whenever the lane connects; `nil` where an operator has declared it.
        ///   - prefetch: unacknowledged deliveries of each queue.
        ///   - broker: whether the lane takes commands, for all lanes together.
        ///   - writes: whether Redis takes writes, for all lanes together.
        package init(
            name: String, number: Int, redis: RedisClient, store: RedisSessionStore, policies: PoliciesInForce,
            connector: BrokerConnector, topology: TopologyDeclaration?, prefetch: UInt16, broker: SharedHealth,
            writes: SharedHealth
        ) {
            self.name = name
            self.number = number
            self.redis = redis
            self.store = store
            self.policies = policies
            self.connector = connector
            self.topology = topology
            self.prefetch = prefetch
            self.broker = broker
            self.writes = writes
        }
    }

    /// - Parameter gate: held while a large subject is carried out.
    package init(
        _ parts: Parts, state: LaneState.Parts, accessTokens: any AccessTokenScheme, gate: LargeSubjectGate,
        on eventLoop: any EventLoop, logger: Logger
    ) {
        self.parts = parts
        queues = state.queues.map { ($0, state.name(of: $0)) }
        replies = ReplyPublisher(on: eventLoop, connector: parts.connector, name: parts.name, logger: logger)
        lane = Lane(
            on: eventLoop,
            parts: Lane.Parts(state: state, store: parts.store, accessTokens: accessTokens, gate: gate),
            log: LaneLog(number: parts.number, queueNames: state.queueNames, writes: parts.writes, logger: logger),
            logger: logger)
        self.logger = logger
    }

    /// Runs until it is told to stop and the lane has finished what it had, or the task is cancelled.
    package func run() async {
        await withTaskCancellationHandler {
            await serveRepeatedly()
        } onCancel: {
            Task { await lane.abandon() }
        }
        parts.broker.isDown(parts.number, because: "stopped")
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
                parts.broker.isDown(parts.number, because: "\(error)")
                logger.warning(
                    "the lane cannot take commands: it tries again",
                    metadata: [LogKey.reason: "\(error)", LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)"])
                await rest(for: delay)
            }
        }
    }

    /// Has the lane take no more; `run` returns once it has finished.
    package func stop() async {
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
            throw ForeignKeyring()
        }
        try await parts.policies.refresh(from: parts.store)
        let broker = try await connect()
        guard isStopping else { return broker }
        await broker.close()
        return nil
    }

    private func connect() async throws(AMQPError) -> BrokerConnections {
        let name = parts.name
        let consuming = try await parts.connector.connect(name: name + "/consume", on: lane.eventLoop)
        do {
            let publishing = try await parts.connector.connect(name: name + "/publish", on: lane.eventLoop)
            return BrokerConnections(consuming: consuming, publishing: publishing)
        } catch {
            await consuming.close()
            throw error
        }
    }

    private func serve(over connections: BrokerConnections) async throws {
        do {
            if let topology = parts.topology { tell(of: try await topology.declare(over: connections.consuming)) }
            parts.broker.isUp(parts.number)
            logger.info("the lane takes commands")
            let broker = try await AMQPLaneBroker(
                over: connections, queues: queues, prefetch: parts.prefetch, replies: replies)
            try await withTaskExecutorPreference(lane.taskExecutor) { try await lane.serve(over: broker) }
        } catch {
            await close(connections)
            throw error
        }
        await close(connections)
    }

    private func close(_ connections: BrokerConnections) async {
        await replies.abandon()
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

/// The Redis that the lane has come to belongs to others: its namespace is used with another keyring.
private struct ForeignKeyring: Error, CustomStringConvertible {
    let description = "this namespace is used with another keyring in Redis"
}
