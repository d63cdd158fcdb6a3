package import AMQPNIO
import ConnectionSupport
import LogMetadata
package import Logging
package import NIOCore
package import RedisNIO
import SessionContract
import SessionCore
package import SessionStorage

/// Keeps a lane running: over its two connections, and over new ones whenever one of them is lost.
package struct LaneSupervisor: Sendable {
    private let lane: Lane<RedisSessionStore, AMQPLaneBroker>
    private let client: AMQPClient<AMQPLaneBroker>
    private let redis: RedisClient
    private let health: SharedHealth
    private let number: Int
    private let logger: Logger

    /// How a lane is connected.
    package struct Parts: Sendable {
        let name: String
        let lane: String
        let number: Int
        let redis: RedisClient
        let store: RedisSessionStore
        let policies: PoliciesInForce
        let connector: BrokerConnector
        let topology: TopologyDeclaration?
        let prefetch: UInt16
        let broker: SharedHealth
        let writes: SharedHealth
        let audit: AuditTrail?

        /// - Parameters:
        ///   - name: the name of its connections at the broker.
        ///   - lane: its name in metrics.
        ///   - number: the lane's number, for health.
        ///   - topology: declared whenever the lane connects; `nil` if an operator declares it.
        ///   - prefetch: unacknowledged deliveries per queue.
        ///   - broker: whether the lane consumes, for all lanes together.
        ///   - writes: whether Redis accepts writes, for all lanes together.
        ///   - audit: `nil` if nothing is recorded.
        package init(
            name: String, lane: String, number: Int, redis: RedisClient, store: RedisSessionStore,
            policies: PoliciesInForce,
            connector: BrokerConnector, topology: TopologyDeclaration?, prefetch: UInt16, broker: SharedHealth,
            writes: SharedHealth, audit: AuditTrail?
        ) {
            self.name = name
            self.lane = lane
            self.number = number
            self.redis = redis
            self.store = store
            self.policies = policies
            self.connector = connector
            self.topology = topology
            self.prefetch = prefetch
            self.broker = broker
            self.writes = writes
            self.audit = audit
        }
    }

    /// - Parameter gate: held while a large subject is processed.
    package init(
        _ parts: Parts, state: LaneState.Parts, gate: LargeSubjectGate,
        on eventLoop: any EventLoop, logger: Logger
    ) {
        lane = Lane(
            on: eventLoop,
            parts: Lane.Parts(
                state: state, store: parts.store,
                load: LaneLoad(
                    of: parts.lane, queues: state.queues.map(state.name), prefetch: Int(parts.prefetch),
                    heldBytesLimit: state.limits.heldBytes),
                gate: gate),
            log: LaneLog(
                number: parts.number, namespace: state.namespace, queueNames: state.queueNames, writes: parts.writes,
                logger: logger),
            logger: logger)
        let queues = state.queues.map { ($0, state.name(of: $0)) }
        // What is known about addresses outlives the connections.
        let addresses = NIOLoopBoundBox.makeBoxSendingValue(ReplyAddresses(), eventLoop: eventLoop)
        var configuration = AMQPClientConfiguration()
        configuration.warning = "the lane cannot consume: retrying"
        let connection = ConnectionMetrics(to: "rabbitmq", of: parts.lane)
        client = AMQPClient(
            parts.connector, on: eventLoop, configuration: configuration, logger: logger,
            onStateChange: {
                connection.record($0)
                parts.broker.set(parts.number, to: $0) { "\($0)" }
            }
        ) { attempt in
            let replies = ReplyPublisher(
                on: eventLoop, connector: parts.connector, name: parts.name, addresses: addresses, logger: logger)
            return try await AMQPLaneBroker(
                over: try await parts.connect(attempt, logger: logger), queues: queues, prefetch: parts.prefetch,
                replies: replies)
        }
        redis = parts.redis
        health = parts.broker
        number = parts.number
        self.logger = logger
    }

    /// Runs until it is asked to stop and the lane has finished everything in flight, or until the task is cancelled.
    package func run() async {
        await withTaskCancellationHandler {
            await client.run { broker in try await serve(over: broker) }
        } onCancel: {
            lane.abandon()
        }
        await redis.shutdown()
    }

    /// Asks the lane to drain; `run` returns once it has.
    package func stop() async {
        client.finish()
        await lane.drain()
    }

    /// The worker is not ready meanwhile, although it carries out all other commands.
    private func tell(ofAbsent queues: [String]) {
        let names = queues.joined(separator: ", ")
        health.markDown(number, because: "the RabbitMQ node with the only copy of \(names) is down")
        logger.warning(
            "a queue is on a RabbitMQ node that is down: its commands wait, all others go on",
            metadata: [LogKey.queue: "\(names)"])
    }

    private func serve(over broker: AMQPLaneBroker) async throws {
        logger.info("the lane is consuming")
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await broker.replies.run() }
            if !broker.absentQueues.isEmpty {
                tell(ofAbsent: broker.absentQueues)
                group.addTask {
                    guard await broker.awaitAbsentQueue() else { return }
                    logger.info("a queue whose node was down is back: connecting again to consume from it")
                    broker.reconnect()
                }
            }
            defer { group.cancelAll() }
            try await withTaskExecutorPreference(lane.taskExecutor) { try await lane.serve(over: broker) }
        }
    }
}

extension LaneSupervisor.Parts {
    /// Connects once Redis is connected and is known to use this keyring.
    fileprivate func connect(_ attempt: AMQPAttempt, logger: Logger) async throws -> BrokerConnections {
        try await redis.waitUntilConnected()
        guard try await store.isKeyringTheirs() else { throw ForeignKeyring() }
        try await policies.refresh(from: store)
        // What an earlier lane has not recorded yet is in memory; so no more is added to it.
        try await audit?.log.record([])
        let connections = BrokerConnections(
            consuming: try await attempt.connect(name: name + "/consume"),
            publishing: try await attempt.connect(name: name + "/publish"))
        if let topology { tell(of: try await topology.declare(over: connections.consuming), logger: logger) }
        return connections
    }

    /// Every lane finds the same differences; only one logs them.
    private func tell(of differences: [QueueDifference], logger: Logger) {
        guard number == 0 else { return }
        for difference in differences {
            logger.warning(
                "a queue differs from its declaration: used as it is",
                metadata: [LogKey.queue: "\(difference.queue)", LogKey.reason: "\(difference.sentence)"])
        }
    }
}

/// The namespace in this Redis is used with another keyring.
private struct ForeignKeyring: Error, CustomStringConvertible {
    let description = "this namespace is used with another keyring in Redis"
}
