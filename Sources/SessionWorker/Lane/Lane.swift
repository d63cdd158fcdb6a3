import AMQPConnection
import Logging
import NIOCore
import RedisConnection
import SessionContract
import SessionCore
import SessionStore

/// One event loop at work, without a lock: commands come in over one AMQP connection, results and events go out over
/// another, replies over a third, state lies behind a Redis connection, and everything in between happens here.
///
/// What has arrived while a batch was being carried out is the next batch: an idle lane answers a single command at once,
/// a busy one carries out hundreds together. Publishing and its confirms overlap with the batches that follow.
///
/// The order of things, always: stored → published and confirmed → acknowledged → outbox cleared.
actor Lane {
    /// What a lane is made of.
    struct Parts {
        let reader: DeliveryReader
        let processor: CommandProcessor<RedisSessionStore>
        let redis: RedisClient
        let outgoing: OutgoingMessages
        let replies: ReplyPublisher
        /// Whether Redis takes writes, for all lanes together.
        let writes: SharedHealth
        /// Held while a large subject is carried out.
        let gate: LargeSubjectGate
    }

    nonisolated let eventLoop: any EventLoop
    nonisolated let taskExecutor: EventLoopTaskExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    /// What its connections are called at the broker.
    nonisolated let name: String
    let queueNames: [Topology.CommandQueue: String]
    nonisolated let parts: Parts
    let outgoing: OutgoingMessages
    nonisolated let number: Int
    let logger: Logger
    var metrics = LaneMetrics()
    var refusals: Refusals
    private var missingBindings = MissingBindings()
    /// Whether Redis refused this lane's writes.
    var areWritesRefused = false

    private let queues: [Topology.CommandQueue]
    private let limits: LaneBacklog.Limits
    var connections: LaneConnections?
    private var waiter: CheckedContinuation<Void, Never>?
    private var isWoken = false
    /// Whether it is told when the gate is free.
    private var isAtGate = false
    /// Whether it shall take no more, over whatever connections.
    private var isStopping = false

    /// - Parameters:
    ///   - queues: those that it consumes from, in the order in which they are served.
    ///   - heldBytes: how much it may hold of commands that are not finished.
    init(
        on eventLoop: any EventLoop, name: String, queues: [Topology.CommandQueue], namespace: String, heldBytes: Int,
        number: Int, parts: Parts, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.name = name
        taskExecutor = EventLoopTaskExecutor(eventLoop)
        queueNames = Dictionary(uniqueKeysWithValues: queues.map { ($0, $0.name(in: namespace)) })
        self.queues = queues
        limits = LaneBacklog.Limits(heldBytes: heldBytes)
        self.parts = parts
        self.number = number
        self.logger = logger
        refusals = Refusals(logger: logger)
        outgoing = parts.outgoing
    }

    /// Consumes until it is drained, and returns; or until a connection fails, and throws why. What was not finished
    /// then goes back to its queue.
    func serve(over broker: BrokerConnections, prefetch: Int) async throws {
        let publisher = try await ConfirmedPublisher(on: broker.publishing, logger: logger)
        if isStopping { return }
        connections = LaneConnections(
            broker: broker, publisher: publisher, backlog: LaneBacklog(of: queues, limits: limits))
        await parts.replies.open()
        do {
            // It may have been abandoned while there were no connections to lose.
            try Task.checkCancellation()
            try await consume(prefetch: prefetch)
            // It may have been told so meanwhile, when there were no consumers to cancel yet.
            if isStopping { await drain() }
            while let batch = try await nextBatch() { try await carryOut(batch) }
        } catch {
            lose(because: error)
        }
        await finishAll()
        let loss = connections?.loss
        connections = nil
        await parts.replies.abandon()
        if let loss { throw loss }
    }

    /// Waits for what is being published: its acknowledgements belong to these connections and no later ones. Without
    /// connections there is nothing to wait for: what is under way finds them closed.
    private func finishAll() async {
        while let connections, connections.loss == nil, connections.tasks > 0 { await wait() }
        guard connections?.loss != nil else { return }
        await parts.replies.abandon()
        await connections?.broker.close()
        while let connections, connections.tasks > 0 { await wait() }
    }

    /// Gives up what is not finished: `serve` throws, and the broker delivers it to somebody else.
    func abandon() {
        lose(because: CancellationError())
    }

    /// Takes no more commands; `serve` returns once it has finished those it has.
    func drain() async {
        isStopping = true
        // What was delivered before the broker agreed is still ours to finish.
        for consumer in connections?.consumers ?? [] {
            try? await consumer.channel.cancel(consumerTag: consumer.queue.rawValue)
        }
        if case .serving = connections?.phase { connections?.phase = .draining }
        wake()
    }
}

// MARK: - Taking

extension Lane {
    private func consume(prefetch: Int) async throws(AMQPError) {
        guard let broker = connections?.broker else { return }
        for connection in [broker.consuming, broker.publishing] { loseWhenClosed(connection.closeFuture) }
        for queue in queues {
            let channel = try await broker.consuming.openChannel()
            try await channel.qos(prefetch: UInt16(prefetch))
            connections?.consume(from: queue, on: channel)
            // RabbitMQ closes a channel by itself when a delivery is held for longer than its consumer_timeout.
            loseWhenClosed(channel.closeFuture)
        }
        for consumer in connections?.consumers ?? [] {
            let queue = consumer.queue
            try await consumer.channel.consume(
                queue: queueNames[queue] ?? "", consumerTag: queue.rawValue,
                onBatch: { [weak self] deliveries in self?.assumeIsolated { $0.take(deliveries, from: queue) } },
                onCancelled: { [weak self] in self?.assumeIsolated { $0.consumerWasCancelled(of: queue) } })
        }
        // Not before: the answers to all this come behind deliveries, and would be left unread with them.
        connections?.mayPauseReading = true
        readAsThereIsRoom()
    }

    private func loseWhenClosed(_ closed: EventLoopFuture<AMQPError?>) {
        closed.whenSuccess { [weak self] error in
            self?.assumeIsolated { $0.lose(because: error ?? AMQPError(.connectionClosed, "it was closed")) }
        }
    }

    private func take(_ deliveries: [AMQPDelivery], from queue: Topology.CommandQueue) {
        guard connections != nil else { return }
        let items = deliveries.map { LaneItem(queue: queue, delivery: $0, work: parts.reader.read($0)) }
        connections?.take(items, from: queue)
        for command in missingBindings.note(items, from: queue) {
            logger.warning(
                "a command of ours came as an unknown one: bind it as `sojourn topology` prints, for it to wait in its own queue",
                metadata: [LogKey.command: "\(command.rawValue)"])
        }
        readAsThereIsRoom()
        wake()
    }

    /// What to carry out next; waits if there is nothing, or no room for what would come of it. `nil` once all is done.
    private func nextBatch() async throws -> LaneBacklog.Batch? {
        while true {
            if let loss = connections?.loss { throw loss }
            if let batch = connections?.backlog.next(mayGoApart: enterGate) { return batch }
            if case .draining = connections?.phase, connections?.backlog.isEmpty ?? true, connections?.tasks == 0 {
                return nil
            }
            await wait()
        }
    }

    private func enterGate() -> Bool {
        if isAtGate { return false }
        let isInside = parts.gate.enter { [self] in
            eventLoop.execute { self.assumeIsolated { $0.gateIsFree() } }
        }
        isAtGate = !isInside
        return isInside
    }

    private func gateIsFree() {
        isAtGate = false
        wake()
    }

    /// Leaves what the broker sends in the socket while the lane holds enough.
    func readAsThereIsRoom() {
        guard let connections, connections.mayPauseReading,
            connections.isReadingPaused != connections.backlog.isFull
        else { return }
        let isFull = connections.backlog.isFull
        self.connections?.isReadingPaused = isFull
        connections.broker.consuming.pauseReading(isFull)
        logger.info(
            isFull ? "in-flight limit reached: reading paused" : "below the in-flight limit: reading resumed",
            metadata: [LogKey.bytes: "\(connections.backlog.heldBytes)"])
    }

    /// Returns once there may be something to do: at once if there was since the last time. What is waited for is looked at
    /// before, and something may happen between that look and this wait.
    private func wait() async {
        await withCheckedContinuation { continuation in
            if isWoken {
                isWoken = false
                continuation.resume()
            } else {
                waiter = continuation
            }
        }
    }

    func wake() {
        if let waiter {
            self.waiter = nil
            waiter.resume()
        } else {
            isWoken = true
        }
    }

    private func consumerWasCancelled(of queue: Topology.CommandQueue) {
        let name = queueNames[queue] ?? queue.rawValue
        lose(because: AMQPError(.notFound, "RabbitMQ ended the consumer of \(name): was the queue deleted?"))
    }

    /// Has `serve` throw: without a connection there is nobody to answer.
    func lose(because error: any Error) {
        connections?.lose(because: error)
        wake()
    }
}
