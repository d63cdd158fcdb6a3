import AMQPNIO
import SessionContract

// What workers publish, and how it is confirmed.
extension SimulatedBroker {
    /// Makes a queue of an exchange refuse messages for a while.
    func fill(_ exchange: String, for microseconds: Int) {
        fullUntil[exchange] = max(fullUntil[exchange] ?? 0, world.agenda.now + microseconds)
        world.note("a queue behind \(exchange) is full for \(microseconds / 1000) ms")
    }

    func publish(
        _ messages: [AMQPMessage], over connection: Connection, step: PipelineStep = .publish,
        onOutcomes: @escaping (Bool, [AMQPPublishOutcome]) -> Void
    ) {
        guard !messages.isEmpty else { return onOutcomes(connection.isOpen, []) }
        let fault = world.strike(at: step, connection.worker, over: connection)
        if fault == .crash { return }
        let error = AMQPError(.connectionClosed, "the connection was lost")
        guard connection.isOpen else {
            return onOutcomes(false, messages.map { _ in .unknown(error) })
        }
        connection.confirms.add(
            outcomes: messages.map { _ in .confirmed }, sent: Array(messages.indices), messages: messages,
            deadline: .max, waiter: onOutcomes)
        let tags = messages.map { _ in
            connection.lastPublished += 1
            return connection.lastPublished
        }
        // It may arrive at once, or be lost.
        if world.isInstant { world.uncertainly { for message in messages { _ = take(message) } } }
        let delay = fault == .slow ? world.pause(300_000...4_000_000) : world.latency()
        world.agenda.send(
            over: connection.toBroker, from: connection.life, after: delay,
            "\(connection.life) publishes \(tags.count)", digest(ofPublishing: messages, connection),
            kind: .publication
        ) { [self] in
            guard connection.isOpen else { return }
            for (tag, message) in zip(tags, messages) {
                if Self.chokes(on: message) {
                    let error = AMQPError(.connectionClosed, "INTERNAL_ERROR", replyCode: 541)
                    return close(connection, because: error)
                }
                connection.unsent.append((tag, take(message)))
            }
            if fault == .crashAfter { return connection.worker.crash() }
            sendConfirms(over: connection)
        }
    }

    /// Confirms publications, one by one or many at once, in any order.
    private func sendConfirms(over connection: Connection) {
        let fault = world.strike(at: .confirm, connection.worker, over: connection)
        guard fault != .crash, connection.isOpen else { return }
        if world.isInstant {
            let outcomes = connection.unsent
            connection.unsent = []
            for one in outcomes { confirmNow(one.tag, multiple: false, one.isPositive, over: connection) }
            return
        }
        let delay = fault == .slow ? world.pause(500_000...9_000_000) : world.latency()
        world.agenda.after(delay) { [self] in
            guard connection.isOpen, !connection.unsent.isEmpty else { return }
            var confirms = connection.unsent
            connection.unsent = []
            while !confirms.isEmpty {
                let prefix = confirms.prefix { $0.isPositive == confirms[0].isPositive }
                // `multiple` covers all lower tags, so it may only stand for an unbroken run from the lowest.
                if prefix.count > 1, world.flip() {
                    confirm(prefix[prefix.count - 1].tag, multiple: true, prefix[0].isPositive, over: connection)
                    confirms.removeFirst(prefix.count)
                } else {
                    let one = confirms.remove(at: Int.random(in: confirms.indices, using: &world.random))
                    confirm(one.tag, multiple: false, one.isPositive, over: connection)
                }
            }
            if fault == .crashAfter { connection.worker.crash() }
        }
    }

    private func confirm(_ tag: UInt64, multiple: Bool, _ isPositive: Bool, over connection: Connection) {
        world.agenda.send(over: connection.toWorker, after: world.latency()) { [self] in
            confirmNow(tag, multiple: multiple, isPositive, over: connection)
        }
    }

    private func confirmNow(_ tag: UInt64, multiple: Bool, _ isPositive: Bool, over connection: Connection) {
        guard connection.isOpen else { return }
        connection.worker.whenAwake(connection.life, over: connection.toWorker) { [self] in
            guard connection.isOpen else { return }
            do throws(AMQPError) {
                let resolved = try connection.confirms.confirm(tag: tag, multiple: multiple, positive: isPositive)
                for batch in resolved { batch.waiter(true, batch.outcomes) }
            } catch {
                world.observe(.protocolError("an unexpected confirm: \(error.message)"))
            }
        }
    }

    /// Whether this costs the connection it is published over: RabbitMQ 3.10 decodes the address of a direct reply without
    /// care.
    static func chokes(on message: AMQPMessage) -> Bool {
        message.exchange.isEmpty && message.routingKey.hasPrefix(badAddress)
    }

    static let badAddress = "amq.rabbitmq.reply-to.bad"

    /// Routes a message; `false` if a queue refuses it, though the others have it.
    private func take(_ message: AMQPMessage) -> Bool {
        let isFull = (fullUntil[message.exchange] ?? 0) > world.agenda.now
        if message.exchange.isEmpty, message.routingKey == names.quarantine {
            world.noteTaken(message, isRefused: false)
            return true
        }
        if message.exchange.isEmpty {
            world.client.receive(message)
            return true
        }
        if message.exchange == names.dead, isFull { return false }
        world.noteTaken(message, isRefused: isFull)
        return !isFull
    }
}
