import AMQPConnection
import SessionContract

/// Declares a topology, or finds out what of it is missing (contract §1).
struct TopologyDeclaration: Sendable {
    let topology: Topology

    /// Makes everything that is not there; what is stays.
    ///
    /// - Throws: `AMQPError` with `preconditionFailed` if something exists otherwise than it should.
    func declare(over connection: AMQPConnection) async throws(AMQPError) {
        let channel = try await connection.openChannel()
        for exchange in topology.exchanges {
            var arguments: AMQPTable = [:]
            arguments["alternate-exchange"] = exchange.alternate.map(AMQPValue.string)
            try await channel.exchangeDeclare(exchange.name, kind: exchange.kind.rawValue, arguments: arguments)
        }
        for queue in topology.queues {
            let arguments = AMQPTable(queue.arguments.map { AMQPTable.Entry($0.name, AMQPValue($0.value)) })
            try await channel.queueDeclare(queue.name, arguments: arguments)
        }
        for binding in topology.bindings {
            try await channel.queueBind(binding.queue, exchange: binding.exchange, routingKey: binding.key)
        }
        await channel.close()
    }

    /// The exchanges and queues that are missing, in words. Bindings cannot be seen over AMQP.
    func missing(over connection: AMQPConnection) async throws(AMQPError) -> [String] {
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
    fileprivate init(_ argument: Topology.Queue.Argument) {
        switch argument {
        case .text(let text): self = .string(text)
        case .number(let number): self = .int64(number)
        }
    }
}
