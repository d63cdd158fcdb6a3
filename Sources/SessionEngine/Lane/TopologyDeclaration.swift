package import AMQPNIO
package import SessionContract

/// Declares a topology, or finds out what is missing (contract §1).
package struct TopologyDeclaration: Sendable {
    private let topology: Topology

    package init(_ topology: Topology) {
        self.topology = topology
    }

    /// Declares everything. Queues that already exist with other arguments are kept, unless a promise depends on the
    /// difference.
    ///
    /// - Returns: how existing queues differ that are used as they are.
    /// - Throws: `AMQPError` with `preconditionFailed` if a difference would break a promise; its message names the
    ///   difference.
    @discardableResult
    func declare(over connection: AMQPConnection) async throws(AMQPError) -> [QueueDifference] {
        var tolerated: [QueueDifference] = []
        var broken: [QueueDifference] = []
        // On a node that is down: they exist, with their bindings.
        var absent: Set<String> = []
        var channel = try await connection.openChannel()
        for queue in topology.queues {
            guard let findings = try await compare(queue, over: connection, &channel) else {
                absent.insert(queue.name)
                continue
            }
            sort(findings, of: queue, into: &broken, &tolerated)
        }
        guard broken.isEmpty else {
            let what = broken.map(\.sentence).joined(separator: "; ")
            throw AMQPError(
                .preconditionFailed,
                "\(what). Delete the queue once it is empty; it will be declared again")
        }
        try await declareExchangesAndBindings(over: channel, without: absent)
        return tolerated
    }

    /// - Returns: `nil` for a queue on a node that is down.
    private func compare(
        _ queue: Topology.Queue, over connection: AMQPConnection, _ channel: inout AMQPChannel,
        neverCreates: Bool = false
    ) async throws(AMQPError) -> QueueDeclaration.Findings? {
        let declaration = QueueDeclaration(queue: queue, neverCreates: neverCreates)
        do throws(AMQPError) {
            return try await declaration.run { arguments throws(AMQPError) in
                do throws(AMQPError) {
                    try await channel.queueDeclare(queue.name, arguments: arguments)
                } catch {
                    // The error has closed the channel.
                    channel = try await connection.openChannel()
                    throw error
                }
            }
        } catch {
            guard error.isAboutAbsentNode else { throw error }
            return nil
        }
    }

    private func sort(
        _ findings: QueueDeclaration.Findings, of queue: Topology.Queue, into broken: inout [QueueDifference],
        _ tolerated: inout [QueueDifference]
    ) {
        let isQuarantine = queue.name == topology.names.quarantine
        for difference in findings.differences {
            let breaks = difference.breaksPromises(overflow: findings.overflow, isQuarantine: isQuarantine)
            if breaks { broken.append(difference) } else { tolerated.append(difference) }
        }
    }

    /// How existing queues differ from what is declared, as sentences: those that break promises, and the others. It declares
    /// nothing.
    ///
    /// - Throws: `accessRefused` if the user may not configure a queue, without which RabbitMQ does not compare.
    package func differences(
        over connection: AMQPConnection
    ) async throws(AMQPError) -> (broken: [String], tolerated: [String]) {
        var broken: [QueueDifference] = []
        var tolerated: [QueueDifference] = []
        var channel = try await connection.openChannel()
        for queue in topology.queues {
            do throws(AMQPError) {
                guard let findings = try await compare(queue, over: connection, &channel, neverCreates: true) else {
                    continue
                }
                sort(findings, of: queue, into: &broken, &tolerated)
            } catch {
                // It does not exist: that is for ``missing(over:)``.
                guard error.code == .preconditionFailed, InequivalentArgument(error) == nil else { throw error }
            }
        }
        await channel.close()
        return (broken.map(\.sentence), tolerated.map(\.sentence))
    }

    private func declareExchangesAndBindings(
        over channel: AMQPChannel, without absent: Set<String>
    ) async throws(AMQPError) {
        for exchange in topology.exchanges {
            var arguments: AMQPTable = [:]
            arguments["alternate-exchange"] = exchange.alternate.map(AMQPValue.string)
            try await channel.exchangeDeclare(exchange.name, kind: exchange.kind.rawValue, arguments: arguments)
        }
        for binding in topology.bindings where !absent.contains(binding.queue) {
            try await channel.queueBind(binding.queue, exchange: binding.exchange, routingKey: binding.key)
        }
        await channel.close()
    }

    /// The exchanges and queues that are missing, as texts. AMQP does not expose bindings.
    package func missing(over connection: AMQPConnection) async throws(AMQPError) -> [String] {
        var missing: [String] = []
        for exchange in topology.exchanges {
            let isThere = try await exists(over: connection) { channel throws(AMQPError) in
                try await channel.exchangeDeclare(exchange.name, kind: exchange.kind.rawValue, passive: true)
            }
            if !isThere { missing.append("the exchange \(exchange.name)") }
        }
        for queue in topology.queues {
            let isThere = try await exists(over: connection) { channel throws(AMQPError) in
                try await channel.queueDeclare(queue.name, passive: true)
            }
            if !isThere { missing.append("the queue \(queue.name)") }
        }
        return missing
    }

    /// Each question needs its own channel, because a negative answer closes it.
    private func exists(
        over connection: AMQPConnection, _ ask: (AMQPChannel) async throws(AMQPError) -> Void
    ) async throws(AMQPError) -> Bool {
        let channel = try await connection.openChannel()
        do {
            try await ask(channel)
        } catch {
            guard error.code == .notFound else { throw error }
            return error.isAboutAbsentNode
        }
        await channel.close()
        return true
    }
}
