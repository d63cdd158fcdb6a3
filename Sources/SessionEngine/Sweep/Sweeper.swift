package import AMQPNIO
import ConnectionSupport
import LogMetadata
package import Logging
package import NIOCore
package import RedisNIO
import SessionContract
import SessionCore
package import SessionStorage
import Tracing

/// The background work in every partition: ends sessions whose deadline has passed (the reaper), publishes what a
/// crashed worker left in the outbox (the relay), and executes mass revocations (the drain).
///
/// Every worker polls once a second. A lease keeps workers from doing the same work, and the revision check in the
/// commit makes it harmless if they do.
package struct Sweeper: Sendable {
    package let redis: RedisClient
    package let store: RedisSessionStore
    private let processor: CommandProcessor<RedisSessionStore>
    private let connector: BrokerConnector
    private let outgoing: OutgoingMessages
    package let eventLoop: any EventLoop
    private let owner: String
    private let namespace: String
    private let logger: Logger
    private let health: SweeperHealth
    private let meter: BacklogMeter
    private let tracer: CommandTracer?

    /// - Parameters:
    ///   - owner: this worker's name in leases.
    ///   - tracer: `nil` if sweeps are not traced.
    package init(
        redis: RedisClient, store: RedisSessionStore, processor: CommandProcessor<RedisSessionStore>,
        connector: BrokerConnector, outgoing: OutgoingMessages, on eventLoop: any EventLoop, owner: String,
        namespace: String, health: SweeperHealth, tracer: CommandTracer? = nil, logger: Logger
    ) {
        self.redis = redis
        self.store = store
        self.processor = processor
        self.connector = connector
        self.outgoing = outgoing
        self.eventLoop = eventLoop
        self.owner = owner
        self.namespace = namespace
        self.health = health
        self.tracer = tracer
        self.logger = logger
        let queues = Topology(namespace: namespace).queues.map(\.name)
        meter = BacklogMeter(store: store, queues: queues, metrics: BacklogMetrics(queues: queues))
    }

    /// Sweeps until the task is cancelled, reconnecting after each loss.
    package func run() async {
        var configuration = AMQPClientConfiguration()
        configuration.backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(2))
        configuration.warning = "sweeping was interrupted: retrying"
        let client = AMQPClient(
            connector, on: eventLoop, configuration: configuration, logger: logger, onStateChange: { health.set($0) }
        ) { attempt in
            try await redis.waitUntilConnected()
            return try await attempt.connect(name: "sojourn/\(namespace)/sweep")
        }
        await client.run { try await sweepAndDrain(over: $0) }
        await redis.shutdown()
    }

    /// Runs all concurrently, each over its own channel, because draining a million sessions must not delay deadlines
    /// and events.
    private func sweepAndDrain(over connection: AMQPConnection) async throws {
        let parts: [@Sendable () async throws -> Void] = [
            { try await sweepRepeatedly(over: connection) }, { try await drainRepeatedly(over: connection) },
            { try await meter.run(over: connection) },
        ]
        try await withThrowingDiscardingTaskGroup { group in
            for part in parts {
                group.addTask {
                    do {
                        try await part()
                    } catch {
                        // Another one may be waiting for a broker with an alarm.
                        connection.beginClosing()
                        throw error
                    }
                }
            }
        }
    }

    private func sweepRepeatedly(over connection: AMQPConnection) async throws {
        let driver = SweepDriver(
            store: store, processor: processor, publisher: try await publisher(on: connection), owner: owner)
        var memory = SweepMemory(logger: logger)
        while true {
            // Jitter, so that workers that started together do not keep polling at the same moment.
            try await Task.sleep(for: .milliseconds(Int.random(in: 750...1250)))
            let work = try await store.pendingWork(eventsOlderThan: Relay.patience)
            for partition in work.left {
                try await attempt("relay", partition) { try await driver.run(Relay(), through: partition, &memory) }
            }
            for partition in work.due {
                try await attempt("reap", partition) { try await driver.run(Reaper(), through: partition, &memory) }
            }
            health.markSwept()
        }
    }

    /// Polls once a second, and continues at once while there is work.
    private func drainRepeatedly(over connection: AMQPConnection) async throws {
        let drain = RevocationDrain(
            store: store, processor: processor, publisher: try await publisher(on: connection), owner: owner,
            logger: logger)
        while true {
            try await Task.sleep(for: .milliseconds(Int.random(in: 750...1250)))
            var isOver = false
            while !isOver {
                try Task.checkCancellation()
                isOver = try await !drain.run { partition, walk in try await attempt("drain", partition, walk) }
            }
        }
    }

    private func publisher(on connection: AMQPConnection) async throws(AMQPError) -> AMQPEventPublisher {
        AMQPEventPublisher(
            publisher: try await ConfirmedPublisher(on: connection, logger: logger), outgoing: outgoing)
    }

    /// A partition whose store fails must not delay the others; losing the broker ends the sweep.
    private func attempt(
        _ what: String, _ partition: Partition, _ sweep: () async throws -> Void
    ) async throws {
        let span = tracer?.begin(pass: what, through: partition)
        defer { span?.end() }
        do {
            try await sweep()
        } catch let error as StoreError where error.cause == .refused {
            span?.fail(error.cause.rawValue)
            logger.error(
                "a partition could not be swept: continuing with the others",
                metadata: [
                    LogKey.component: "\(what)", LogKey.partition: "\(partition.number)",
                    LogKey.reason: "\(error.message)",
                ])
        } catch {
            span?.fail("interrupted")
            throw error
        }
    }
}
