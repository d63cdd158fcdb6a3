extension AMQPChannel {
    /// What the broker says of a queue it declared.
    package struct Queue: Hashable, Sendable {
        /// The name, made by the broker if none was given.
        package var name: String
        /// Messages ready for delivery at that moment.
        package var messageCount: UInt32
        /// Consumers at that moment.
        package var consumerCount: UInt32
    }

    /// Declares an exchange, or with `passive` checks that it is there.
    ///
    /// - Throws: `preconditionFailed` (406) if it exists otherwise, `notFound` (404) if it is not there and `passive`,
    ///   `accessRefused` (403); each of which closes the channel. `timeout`, which does too.
    package func exchangeDeclare(
        _ name: String, kind: String, durable: Bool = true, passive: Bool = false, autoDelete: Bool = false,
        internal: Bool = false, arguments: AMQPTable = [:]
    ) async throws(AMQPError) {
        _ = try await call(
            .topology(
                .exchangeDeclare(
                    name: name, kind: kind, passive: passive, durable: durable, autoDelete: autoDelete,
                    internal: `internal`, arguments: arguments)),
            expects: .exchangeDeclare)
    }

    /// Deletes an exchange; one that is not there is no error to RabbitMQ.
    package func exchangeDelete(_ name: String) async throws(AMQPError) {
        _ = try await call(.topology(.exchangeDelete(name: name)), expects: .exchangeDelete)
    }

    /// Declares a queue, or with `passive` checks that it is there. An empty name has the broker make one.
    ///
    /// - Throws: as ``exchangeDeclare(_:kind:durable:passive:autoDelete:internal:arguments:)``, and `resourceLocked`
    ///   (405) if another connection holds it exclusively.
    @discardableResult
    package func queueDeclare(
        _ name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false, passive: Bool = false,
        arguments: AMQPTable = [:]
    ) async throws(AMQPError) -> Queue {
        let answer = try await call(
            .topology(
                .queueDeclare(
                    name: name, passive: passive, durable: durable, exclusive: exclusive, autoDelete: autoDelete,
                    arguments: arguments)),
            expects: .queueDeclare)
        guard case .queueDeclareOK(let name, let messageCount, let consumerCount) = answer else {
            throw AMQPError(.protocolViolation, "queue.declare was answered with something else")
        }
        return Queue(name: name, messageCount: messageCount, consumerCount: consumerCount)
    }

    /// Binds a queue to an exchange. - Throws: `notFound` if either is not there.
    package func queueBind(
        _ queue: String, exchange: String, routingKey: String, arguments: AMQPTable = [:]
    ) async throws(AMQPError) {
        _ = try await call(
            .topology(.queueBind(queue: queue, exchange: exchange, routingKey: routingKey, arguments: arguments)),
            expects: .queueBind)
    }

    /// Takes a binding away; one that is not there is no error to RabbitMQ.
    package func queueUnbind(
        _ queue: String, exchange: String, routingKey: String, arguments: AMQPTable = [:]
    ) async throws(AMQPError) {
        _ = try await call(
            .topology(.queueUnbind(queue: queue, exchange: exchange, routingKey: routingKey, arguments: arguments)),
            expects: .queueUnbind)
    }

    /// Empties a queue of what is ready for delivery, and says how many messages that were.
    @discardableResult
    package func queuePurge(_ name: String) async throws(AMQPError) -> UInt32 {
        let answer = try await call(.topology(.queuePurge(name: name)), expects: .queuePurge)
        guard case .queuePurgeOK(let messageCount) = answer else {
            throw AMQPError(.protocolViolation, "queue.purge was answered with something else")
        }
        return messageCount
    }

    /// Deletes a queue, and says how many messages went with it; one that is not there is no error to RabbitMQ.
    ///
    /// - Throws: `preconditionFailed` if `ifUnused` and it has consumers, or `ifEmpty` and it has messages.
    @discardableResult
    package func queueDelete(
        _ name: String, ifUnused: Bool = false, ifEmpty: Bool = false
    ) async throws(AMQPError) -> UInt32 {
        let answer = try await call(
            .topology(.queueDelete(name: name, ifUnused: ifUnused, ifEmpty: ifEmpty)), expects: .queueDelete)
        guard case .queueDeleteOK(let messageCount) = answer else {
            throw AMQPError(.protocolViolation, "queue.delete was answered with something else")
        }
        return messageCount
    }
}
