import AMQPConnection
import Logging
import NIOCore
import RedisConnection
import SessionContract
import SessionCore
import SessionStore

/// One event loop at work, without a lock: commands come in over one AMQP connection, results and events go out over
/// another, state lies behind a Redis connection, and everything in between happens here.
///
/// What has arrived while a batch was being carried out is the next batch: an idle lane answers a single command at once,
/// a busy one carries out hundreds together. Publishing and its confirms overlap with the batches that follow.
///
/// The order of things, always: stored → published and confirmed → acknowledged → outbox cleared.
actor Lane {
    /// Commands in one batch: enough to spread the cost of two round trips, few enough to be answered soon.
    static let maxBatch = 512
    /// Bytes of bodies in one batch, beyond its first command: what a batch writes to Redis grows with them.
    static let maxBatchBytes = 4 << 20
    /// Bytes of bodies that are held, from the socket to the acknowledgement, before nothing more is read; prefetch counts
    /// messages only. With half of them gone reading goes on.
    private static let maxHeldBytes = 64 << 20

    /// A delivery on its way. A class, since it is handed on many times, and a copy of all its parts each time would
    /// cost more than carrying it out.
    final class Item: Sendable {
        let queue: Topology.CommandQueue
        let delivery: AMQPDelivery
        let work: Work

        init(queue: Topology.CommandQueue, delivery: AMQPDelivery, work: Work) {
            self.queue = queue
            self.delivery = delivery
            self.work = work
        }
    }

    nonisolated let eventLoop: any EventLoop
    nonisolated let taskExecutor: EventLoopTaskExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    let queueNames: [Topology.CommandQueue: String]
    let reader: DeliveryReader
    let outgoing: OutgoingMessages
    let processor: CommandProcessor<RedisSessionStore>
    let redis: RedisClient
    var metrics = LaneMetrics()
    let logger: Logger
    let number: Int
    /// Whether Redis takes writes, for all lanes together; and whether it refused them to this one.
    let writes: SharedHealth
    var areWritesRefused = false

    private var pending: [Topology.CommandQueue: [Item]] = [:]
    private var windows: [Topology.CommandQueue: AcknowledgementWindow] = [:]
    private var channels: [Topology.CommandQueue: AMQPChannel] = [:]
    private var consuming: AMQPConnection?
    private var heldBytes = 0
    private var isHoldingEnough = false
    private var waiter: CheckedContinuation<Void, Never>?
    private(set) var lost: (any Error)?
    private var isAbandoned = false
    /// What is done beside the batches: publishing those that are stored, and trying again what Redis refused.
    private var finishing = 0
    /// Whether it shall take no more, and whether nothing more can come.
    private var isStopping = false
    private var isDraining = false

    init(
        on eventLoop: any EventLoop, namespace: String, reader: DeliveryReader,
        outgoing: OutgoingMessages, processor: CommandProcessor<RedisSessionStore>, redis: RedisClient, number: Int,
        writes: SharedHealth,
        logger: Logger
    ) {
        self.eventLoop = eventLoop
        taskExecutor = EventLoopTaskExecutor(eventLoop)
        queueNames = Dictionary(
            uniqueKeysWithValues: Topology.CommandQueue.allCases.map { ($0, $0.name(in: namespace)) })
        self.reader = reader
        self.processor = processor
        self.redis = redis
        self.number = number
        self.writes = writes
        self.logger = logger
        self.outgoing = outgoing
    }

    /// Consumes until it is drained, and returns; or until a connection fails, and throws why. What was not finished
    /// then goes back to its queue.
    func serve(over broker: BrokerConnections, prefetch: Int) async throws {
        forgetEarlierConnections()
        let publisher = ConfirmedPublisher(channel: try await broker.publishing.openChannel(), logger: logger)
        try await publisher.channel.confirmSelect()
        if isStopping { return }
        try await consume(from: broker, prefetch: prefetch)
        // It may have been told so meanwhile, when there were no consumers to cancel yet.
        if isStopping { await drain() }
        do {
            while let batch = try await nextBatch() {
                try await carryOut(batch, over: publisher)
            }
        } catch {
            await finishAll()
            throw error
        }
        await finishAll()
    }

    /// Waits for what is being published: its acknowledgements belong to these connections and no later ones.
    private func finishAll() async {
        while finishing > 0, !isAbandoned { await withCheckedContinuation { waiter = $0 } }
    }

    /// Gives up what is not finished: `serve` throws, and the broker delivers it to somebody else.
    func abandon() {
        isAbandoned = true
        lose(because: CancellationError())
    }

    /// Takes no more commands; `serve` returns once it has finished those it has.
    func drain() async {
        isStopping = true
        // What was delivered before the broker agreed is still ours to finish.
        for (queue, channel) in channels { try? await channel.cancel(consumerTag: queue.rawValue) }
        isDraining = true
        wake()
    }
}

// MARK: - Taking

extension Lane {
    private func consume(from broker: BrokerConnections, prefetch: Int) async throws(AMQPError) {
        consuming = broker.consuming
        for connection in [broker.consuming, broker.publishing] {
            connection.closeFuture.whenSuccess { [weak self] error in
                self?.assumeIsolated { $0.lose(because: error ?? AMQPError(.connectionClosed, "it was closed")) }
            }
        }
        for (queue, name) in queueNames {
            let channel = try await broker.consuming.openChannel()
            try await channel.qos(prefetch: UInt16(prefetch))
            channels[queue] = channel
            // RabbitMQ closes a channel by itself when a delivery is held for longer than its consumer_timeout.
            channel.closeFuture.whenSuccess { [weak self] error in
                self?.assumeIsolated { $0.lose(because: error ?? AMQPError(.channelClosed, "it was closed")) }
            }
            windows[queue] = AcknowledgementWindow()
            try await channel.consume(
                queue: name, consumerTag: queue.rawValue,
                onBatch: { [weak self] deliveries in self?.assumeIsolated { $0.take(deliveries, from: queue) } },
                onCancelled: { [weak self] in self?.assumeIsolated { $0.consumerWasCancelled(of: queue) } })
        }
    }

    private func take(_ deliveries: [AMQPDelivery], from queue: Topology.CommandQueue) {
        for delivery in deliveries {
            windows[queue]?.note(delivery.deliveryTag)
            heldBytes += delivery.body.count
        }
        if heldBytes > Self.maxHeldBytes { holdEnough(true) }
        pending[queue, default: []] += deliveries.map { Item(queue: queue, delivery: $0, work: reader.read($0)) }
        wake()
    }

    /// What is there now, in the order in which queues are served; waits if nothing is. `nil` once all is done.
    private func nextBatch() async throws -> [Item]? {
        while true {
            if let lost { throw lost }
            let batch = takePending()
            if !batch.isEmpty { return batch }
            if isDraining { return nil }
            await withCheckedContinuation { waiter = $0 }
        }
    }

    private func takePending() -> [Item] {
        var batch: [Item] = []
        var bytes = 0
        for queue in Topology.CommandQueue.allCases {
            guard let waiting = pending[queue], !waiting.isEmpty else { continue }
            let taken = waiting.prefix(Self.maxBatch - batch.count).prefix { item in
                bytes += item.delivery.body.count
                return bytes <= Self.maxBatchBytes || (batch.isEmpty && item === waiting.first)
            }
            batch += taken
            pending[queue]?.removeFirst(taken.count)
        }
        return batch
    }

    private func holdEnough(_ isEnough: Bool) {
        guard isEnough != isHoldingEnough else { return }
        isHoldingEnough = isEnough
        consuming?.pauseReading(isEnough)
        logger.info(
            isEnough ? "the lane holds as much as it may: it reads no more for now" : "the lane reads again",
            metadata: [LogKey.bytes: "\(heldBytes)"])
    }

    private func wake() {
        waiter?.resume()
        waiter = nil
    }

    private func consumerWasCancelled(of queue: Topology.CommandQueue) {
        let name = queueNames[queue] ?? queue.rawValue
        lose(because: AMQPError(.notFound, "RabbitMQ ended the consumer of \(name): was the queue deleted?"))
    }

    /// Has `serve` throw: without a connection there is nobody to answer.
    private func lose(because error: any Error) {
        if lost == nil { lost = error }
        wake()
    }

    private func forgetEarlierConnections() {
        pending = [:]
        windows = [:]
        channels = [:]
        consuming = nil
        heldBytes = 0
        isHoldingEnough = false
        lost = nil
    }
}

// MARK: - Finishing

extension Lane {
    /// Does something beside the batches that follow; `serve` does not end before it is done, and fails if it does.
    func attend(_ work: @escaping @Sendable () async throws -> Void) {
        finishing += 1
        Task(executorPreference: taskExecutor) { await self.carryThrough(work) }
    }

    private func carryThrough(_ work: @Sendable () async throws -> Void) async {
        do {
            try await work()
        } catch {
            lose(because: error)
        }
        finishing -= 1
        wake()
    }

    /// Publishes what a batch came to and, once RabbitMQ has all of it, acknowledges the batch and clears its events
    /// from the outbox.
    func finish(
        _ batch: [Item], _ completions: [Completion], over publisher: ConfirmedPublisher
    ) async throws {
        var messages: [AMQPMessage] = []
        var replies: [AMQPMessage] = []
        messages.reserveCapacity(batch.count)
        replies.reserveCapacity(batch.count)
        for (item, completion) in zip(batch, completions) {
            outgoing.append(
                completion, of: item.delivery, queue: queueNames[item.queue] ?? "", to: &messages, &replies)
        }
        try await publisher.publish(messages, replies: replies)
        acknowledge(batch)
        let references = completions.flatMap { $0.events.map(\.reference) }
        guard !references.isEmpty else { return }
        do {
            try await processor.store.clear(references)
        } catch {
            // They are published once more by whoever sweeps the outbox: at least once is the promise.
            logger.debug("published events stay in the outbox", metadata: [LogKey.reason: "\(error.message)"])
        }
    }

    private func acknowledge(_ batch: [Item]) {
        for item in batch {
            windows[item.queue]?.finish(item.delivery.deliveryTag)
            heldBytes -= item.delivery.body.count
        }
        if heldBytes <= Self.maxHeldBytes / 2 { holdEnough(false) }
        for (queue, channel) in channels {
            if let tag = windows[queue]?.takeAcknowledgement() { channel.acknowledge(tag, multiple: true) }
        }
    }
}
