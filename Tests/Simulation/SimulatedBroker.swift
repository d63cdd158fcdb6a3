import AMQPNIO
import SessionContract

/// A RabbitMQ in virtual time: queues; consumers with a prefetch; redelivery when a connection is lost, counted in
/// replicated queues; and confirms that come late, together, or negative.
final class SimulatedBroker {
    struct Message {
        let number: Int
        let routingKey: String
        let properties: AMQPProperties
        let body: [UInt8]
        /// How often it has been delivered.
        var deliveries = 0
    }

    final class Consumer {
        let queue: Topology.CommandQueue
        let connection: Connection
        let lane: Int
        let deliver: (AMQPDelivery) -> Void
        var isActive = true
        fileprivate var lastTag: UInt64 = 0
        fileprivate(set) var unacknowledged: [(tag: UInt64, message: Message)] = []

        init(
            _ queue: Topology.CommandQueue, _ connection: Connection, lane: Int,
            deliver: @escaping (AMQPDelivery) -> Void
        ) {
            self.queue = queue
            self.lane = lane
            self.connection = connection
            self.deliver = deliver
        }
    }

    /// A TCP connection of a worker.
    final class Connection {
        unowned let worker: SimulatedWorker
        let life: Int
        let number: Int
        /// Of the lane among its worker's.
        var place = -1
        let toBroker: Agenda.Link
        let toWorker: Agenda.Link
        fileprivate(set) var isOpen = true
        fileprivate var onClose: (AMQPError) -> Void
        var confirms = ConfirmTracker<(Bool, [AMQPPublishOutcome]) -> Void>()
        var lastPublished: UInt64 = 0
        /// Confirms that have not been sent yet.
        var unsent: [(tag: UInt64, isPositive: Bool)] = []

        init(of worker: SimulatedWorker, life: Int, on agenda: Agenda, onClose: @escaping (AMQPError) -> Void) {
            self.worker = worker
            self.life = life
            number = worker.world.nextConnection(of: life)
            toBroker = agenda.makeLink()
            toWorker = agenda.makeLink()
            self.onClose = onClose
        }
    }

    unowned let world: World
    private(set) var ready: [Topology.CommandQueue: [Message]] = [:]
    private(set) var consumers: [Consumer] = []
    private var nextConsumer = 0
    /// Where every order is tried: queues that have been asked to deliver a message, and over which link.
    private var deliveryLinks: [Topology.CommandQueue: Agenda.Link] = [:]
    private var connections: [Connection] = []
    /// By exchange, until when one of its queues refuses messages.
    var fullUntil: [String: Int] = [:]
    let names = Topology.Names(namespace: World.namespace)

    init(_ world: World) {
        self.world = world
    }

    // MARK: - Commands

    /// Publishes to `N.commands`, for a client.
    func publish(_ message: Message) {
        ready[queue(for: message.routingKey), default: []].append(message)
        dispatch()
    }

    private func queue(for key: String) -> Topology.CommandQueue {
        Topology.CommandQueue.allCases.first { queue in
            queue.keys().contains { pattern in
                pattern == key || (pattern.hasSuffix(".*") && key.hasPrefix(pattern.dropLast(1)))
            }
        } ?? .unknown
    }

    /// The messages in command queues, delivered or not.
    var unfinished: [Int] {
        (ready.values.flatMap { $0 } + consumers.flatMap { $0.unacknowledged.map(\.message) }).map(\.number).sorted()
    }

    private func dispatch() {
        guard world.chooseConsumer != nil else { return deliverReady() }
        for queue in Topology.CommandQueue.allCases where ready[queue]?.isEmpty == false {
            guard deliveryLinks[queue] == nil, consumers.contains(where: { $0.queue == queue }) else { continue }
            let link = world.agenda.makeLink()
            deliveryLinks[queue] = link
            world.agenda.send(over: link, after: 0, "deliver from \(queue.rawValue)", Digest(2, queue.rawValue)) {
                [self] in
                deliveryLinks[queue] = nil
                guard let message = ready[queue]?.first, let consumer = freeConsumer(of: queue) else { return }
                ready[queue]?.removeFirst()
                deliver(message, to: consumer)
                dispatch()
            }
        }
    }

    /// Nobody is asked to deliver to a queue without consumers: it would be a step in which nothing happens.
    private func withdrawDeliveries() {
        for (queue, link) in deliveryLinks where !consumers.contains(where: { $0.queue == queue }) {
            world.agenda.drop(over: link)
            deliveryLinks[queue] = nil
        }
    }

    private func deliverReady() {
        for queue in Topology.CommandQueue.allCases {
            while let message = ready[queue]?.first, let consumer = freeConsumer(of: queue) {
                ready[queue]?.removeFirst()
                deliver(message, to: consumer)
            }
        }
    }

    private func freeConsumer(of queue: Topology.CommandQueue) -> Consumer? {
        let free = consumers.filter {
            $0.queue == queue && $0.isActive && $0.unacknowledged.count < world.prefetch
        }
        guard !free.isEmpty else { return nil }
        if let choose = world.chooseConsumer { return free[choose(free.count)] }
        nextConsumer += 1
        return free[nextConsumer % free.count]
    }

    private func deliver(_ message: Message, to consumer: Consumer) {
        var message = message
        let fault = world.strike(
            at: .delivery, consumer.connection.worker, message: message, over: consumer.connection)
        guard consumer.connection.isOpen, consumer.isActive else {
            ready[consumer.queue, default: []].insert(message, at: 0)
            return
        }
        consumer.lastTag += 1
        let tag = consumer.lastTag
        var properties = message.properties
        if message.deliveries > 0, consumer.queue.countsDeliveries {
            var headers = properties.headers ?? AMQPTable()
            headers["x-delivery-count"] = .int64(Int64(message.deliveries))
            properties.headers = headers
        }
        let delivery = AMQPDelivery(
            consumerTag: consumer.queue.rawValue, deliveryTag: tag, redelivered: message.deliveries > 0,
            exchange: names.commands, routingKey: message.routingKey, properties: properties, body: message.body,
            bodySize: UInt64(message.body.count))
        message.deliveries += 1
        consumer.unacknowledged.append((tag, message))
        let delay = fault == .slow ? world.pause(300_000...5_000_000) : world.latency()
        let connection = consumer.connection
        let arrive = { [self] in
            guard connection.isOpen else { return }
            world.observe(.delivered(number: message.number, lane: consumer.lane))
            connection.worker.whenAwake(connection.life, over: connection.toWorker) {
                guard connection.isOpen else { return }
                self.world.note(
                    "\(connection.life) has message \(message.number), delivered \(message.deliveries) times")
                consumer.deliver(delivery)
                if fault == .crashAfter { connection.worker.crash() }
            }
        }
        if world.isInstant { return arrive() }
        world.agenda.send(over: connection.toWorker, after: delay) { arrive() }
    }

    // MARK: - Consumers

    func consume(
        from queues: [Topology.CommandQueue], over connection: Connection, lane: Int,
        deliver: @escaping (AMQPDelivery, Topology.CommandQueue) -> Void, whenThere: @escaping () -> Void
    ) {
        world.agenda.send(
            over: connection.toBroker, from: connection.life, after: world.latency(), "consume",
            Digest(3, connection.place), kind: .preparation
        ) { [self] in
            guard connection.isOpen else { return }
            for queue in queues {
                consumers.append(Consumer(queue, connection, lane: lane) { deliver($0, queue) })
            }
            answer(connection, whenThere)
            dispatch()
        }
    }

    func cancel(over connection: Connection, whenDone: @escaping () -> Void) {
        world.agenda.send(
            over: connection.toBroker, from: connection.life, after: world.latency(), "cancel",
            Digest(4, connection.place), kind: .preparation
        ) { [self] in
            guard connection.isOpen else { return }
            for consumer in consumers where consumer.connection === connection { consumer.isActive = false }
            answer(connection, whenDone)
        }
    }

    private func answer(_ connection: Connection, _ action: @escaping () -> Void) {
        let tell = {
            guard connection.isOpen else { return }
            connection.worker.whenAwake(connection.life, over: connection.toWorker) {
                if connection.isOpen { action() }
            }
        }
        if world.isInstant { return tell() }
        world.agenda.send(over: connection.toWorker, after: world.latency()) { tell() }
    }

    func acknowledge(_ tag: UInt64, multiple: Bool, of queue: Topology.CommandQueue, over connection: Connection) {
        let fault = world.strike(at: .acknowledgement, connection.worker, over: connection)
        if fault == .crash || !connection.isOpen { return }
        let delay = fault == .slow ? world.pause(300_000...3_000_000) : world.latency()
        world.agenda.send(
            over: connection.toBroker, from: connection.life, after: delay,
            "\(connection.life) acknowledges \(tag) of \(queue)",
            digest(ofAcknowledging: tag, multiple, queue, connection), kind: .acknowledgement
        ) { [self] in
            guard connection.isOpen,
                let consumer = consumers.first(where: { $0.connection === connection && $0.queue == queue })
            else { return }
            guard consumer.unacknowledged.contains(where: { $0.tag == tag }) else {
                world.observe(.protocolError("unknown delivery tag \(tag)"))
                return close(connection, because: AMQPError(.preconditionFailed, "unknown delivery tag \(tag)"))
            }
            consumer.unacknowledged.removeAll { multiple ? $0.tag <= tag : $0.tag == tag }
            dispatch()
            if fault == .crashAfter { connection.worker.crash() }
        }
    }

    /// The messages that an acknowledgement covers.
    func numbers(_ tag: UInt64, multiple: Bool, of queue: Topology.CommandQueue, over connection: Connection) -> [Int] {
        consumers.filter { $0.connection === connection && $0.queue == queue }.flatMap(\.unacknowledged)
            .filter { multiple ? $0.tag <= tag : $0.tag == tag }.map(\.message.number)
    }

    // MARK: Connections

    func connect(
        _ worker: SimulatedWorker, life: Int, onClose: @escaping (AMQPError) -> Void
    ) -> Connection {
        let connection = Connection(of: worker, life: life, on: world.agenda, onClose: onClose)
        connections.append(connection)
        return connection
    }

    /// Closes a connection: unacknowledged deliveries return to their queues.
    func close(_ connection: Connection, because error: AMQPError) {
        guard connection.isOpen else { return }
        connection.isOpen = false
        connections.removeAll { $0 === connection }
        for consumer in consumers where consumer.connection === connection {
            ready[consumer.queue, default: []].insert(contentsOf: consumer.unacknowledged.map(\.message), at: 0)
            consumer.unacknowledged = []
        }
        consumers.removeAll { $0.connection === connection }
        let open = connection.confirms.removeAll(because: error)
        let tell = { [world] in
            connection.worker.whenAwake(connection.life, over: connection.toWorker) {
                // The order of the two is not specified.
                let isToldFirst = world.flip()
                if !isToldFirst { connection.onClose(error) }
                for batch in open { batch.waiter(false, batch.outcomes) }
                if isToldFirst { connection.onClose(error) }
            }
        }
        if world.isInstant {
            world.agenda.drop(over: connection.toBroker)
            withdrawDeliveries()
            tell()
            return dispatch()
        }
        world.agenda.send(over: connection.toWorker, after: world.latency()) { tell() }
        world.agenda.after(world.latency()) { [self] in dispatch() }
    }

    func closeAll(of life: Int, because error: AMQPError) {
        for connection in connections where connection.life == life { close(connection, because: error) }
    }
}
