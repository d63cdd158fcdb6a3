import AMQPNIO

/// Whether RabbitMQ lets a user do something, without doing it: each request is permitted or not before RabbitMQ finds that it
/// is wrong in another way (tried with 3.10). RabbitMQ 4 compares topic permissions later, so there they are not seen; its source
/// (`rabbit_channel.erl`) refuses the message all the same.
struct BrokerPermissions {
    let connection: AMQPConnection

    /// - Returns: why not; `nil` if it is permitted.
    func refusal(toWriteTo exchange: String, key: String) async throws(AMQPError) -> String? {
        try await refusal { channel throws(AMQPError) in
            try await channel.confirmSelect()
            // RabbitMQ refuses an expiration that is no number, after it has compared permissions.
            let properties = AMQPProperties(expiration: "never")
            _ = try await channel.publish([
                AMQPMessage(exchange: exchange, routingKey: key, properties: properties, body: [])
            ])
        }
    }

    /// - Returns: why not; `nil` if it is permitted.
    func refusal(toReadFrom queue: String) async throws(AMQPError) -> String? {
        try await refusal { channel throws(AMQPError) in
            // And a priority that is no number.
            let tag = try await channel.consume(
                queue: queue, arguments: ["x-priority": .string("none")], onBatch: { _ in })
            try await channel.cancel(consumerTag: tag)
        }
    }

    private func refusal(
        to attempt: (AMQPChannel) async throws(AMQPError) -> Void
    ) async throws(AMQPError) -> String? {
        let channel = try await connection.openChannel()
        do throws(AMQPError) {
            try await attempt(channel)
            await channel.close()
            return nil
        } catch {
            switch error.code {
            case .accessRefused: return error.replyText ?? error.message
            // Missing exchanges and queues are told elsewhere.
            case .preconditionFailed, .notFound: return nil
            default: throw error
            }
        }
    }
}
