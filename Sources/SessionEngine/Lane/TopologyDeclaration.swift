package import AMQPNIO
package import SessionContract

/// Declares a topology, or finds out what is missing (contract §1).
package struct TopologyDeclaration: Sendable {
    private let topology: Topology

    /// Bound on the differences detected per queue: more arguments than RabbitMQ compares.
    private static let maxDifferences = 24

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
        var channel = try await connection.openChannel()
        for queue in topology.queues {
            let (differences, overflow) = try await declare(queue, over: connection, &channel)
            let isQuarantine = queue.name == topology.names.quarantine
            for difference in differences {
                let breaks = difference.breaksPromises(overflow: overflow, isQuarantine: isQuarantine)
                if breaks { broken.append(difference) } else { tolerated.append(difference) }
            }
        }
        guard broken.isEmpty else {
            let what = broken.map(\.sentence).joined(separator: "; ")
            throw AMQPError(
                .preconditionFailed,
                "\(what). Delete the queue once it is empty; it will be declared again")
        }
        try await declareExchangesAndBindings(over: channel)
        return tolerated
    }

    private func declareExchangesAndBindings(over channel: AMQPChannel) async throws(AMQPError) {
        for exchange in topology.exchanges {
            var arguments: AMQPTable = [:]
            arguments["alternate-exchange"] = exchange.alternate.map(AMQPValue.string)
            try await channel.exchangeDeclare(exchange.name, kind: exchange.kind.rawValue, arguments: arguments)
        }
        for binding in topology.bindings {
            try await channel.queueBind(binding.queue, exchange: binding.exchange, routingKey: binding.key)
        }
        await channel.close()
    }

    /// Declares a queue, or finds out how the existing one differs and what its `x-overflow` is.
    ///
    /// RabbitMQ reports one difference at a time and closes the channel. So each reported value replaces the declared
    /// one until the declaration succeeds, or the queue turns out to be of another kind.
    private func declare(
        _ queue: Topology.Queue, over connection: AMQPConnection, _ channel: inout AMQPChannel
    ) async throws(AMQPError) -> (differences: [QueueDifference], overflow: String?) {
        var arguments = AMQPTable(queue.arguments.map { AMQPTable.Entry($0.name, AMQPValue($0.value)) })
        var differences: [QueueDifference] = []
        while true {
            do {
                try await channel.queueDeclare(queue.name, arguments: arguments)
                break
            } catch {
                guard differences.count < Self.maxDifferences, let argument = InequivalentArgument(error),
                    !differences.contains(where: { $0.argument.name == argument.name })
                else { throw error }
                channel = try await connection.openChannel()
                differences.append(QueueDifference(queue: queue.name, argument: argument))
                if differences.last?.isAboutItsNature == true { break }
                arguments[argument.name] = argument.found.map(AMQPValue.init(found:))
            }
        }
        return (differences, arguments["x-overflow"]?.string)
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
            return false
        }
        await channel.close()
        return true
    }
}

extension AMQPValue {
    /// A value from RabbitMQ's text form.
    fileprivate init(found text: String) {
        switch text {
        case "true": self = .bool(true)
        case "false": self = .bool(false)
        default: self = Int64(text).map(AMQPValue.int64) ?? .string(text)
        }
    }

    fileprivate init(_ argument: Topology.Queue.Argument) {
        switch argument {
        case .text(let text): self = .string(text)
        case .number(let number): self = .int64(number)
        }
    }
}
