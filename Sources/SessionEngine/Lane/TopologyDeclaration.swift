package import AMQPNIO
package import SessionContract

/// Declares a topology, or finds out what of it is missing (contract §1).
package struct TopologyDeclaration: Sendable {
    private let topology: Topology

    /// Differences of one queue that are looked for at most: more arguments than RabbitMQ compares.
    private static let maxDifferences = 24

    package init(_ topology: Topology) {
        self.topology = topology
    }

    /// Makes everything that is not there; what is stays, even if it is otherwise, as long as no promise depends on it.
    ///
    /// - Returns: how queues differ that are used as they are.
    /// - Throws: `AMQPError` with `preconditionFailed` if something is otherwise that promises depend on, and with what it is
    ///   in its message.
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
                "\(what). Delete the queue once it is empty, and it is declared anew")
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

    /// Makes a queue, or finds out how the one that is there differs, and what its `x-overflow` is.
    ///
    /// RabbitMQ names one difference at a time, and closes the channel with it. So what was found takes the place of what
    /// is declared until both agree, or until the queue is of another nature.
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

    /// The exchanges and queues that are missing, in words. Bindings cannot be seen over AMQP.
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

    /// A channel for each question, since a no closes it.
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
    /// A value of which RabbitMQ gave the text.
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
