extension AMQPChannel {
    /// Sets the prefetch: how many unacknowledged deliveries each consumer started from now on may hold; 0 means no
    /// limit.
    package func qos(prefetch: UInt16) async throws(AMQPError) {
        _ = try await call(.qos(prefetch: prefetch), expects: .qos)
    }

    /// Starts a consumer and returns its tag.
    ///
    /// - Parameters:
    ///   - consumerTag: Must be unique on the channel; if empty, one is generated.
    ///   - noAck: Deliveries count as acknowledged when sent. Required to consume from `amq.rabbitmq.reply-to`, on the
    ///     channel that publishes the requests.
    ///   - onBatch: Called on the event loop with all deliveries for this consumer from one socket read, at most
    ///     ``AMQPLimits/deliveryBatch`` at a time, in order, never empty. May be called before this function returns.
    ///     Whatever it publishes and acknowledges is written at once when it returns.
    ///   - onCancelled: Called on the event loop when the broker ends the consumer (`basic.cancel`: its queue was
    ///     deleted or has moved). Not called for ``cancel(consumerTag:)``, nor when the channel ends: see
    ///     ``closeFuture``.
    /// - Throws: `notFound`, `accessRefused`, `resourceLocked`, each of which closes the channel.
    @discardableResult
    package func consume(
        queue: String, consumerTag: String = "", noAck: Bool = false, exclusive: Bool = false,
        arguments: AMQPTable = [:], onBatch: @escaping @Sendable ([AMQPDelivery]) -> Void,
        onCancelled: @escaping @Sendable () -> Void = {}
    ) async throws(AMQPError) -> String {
        let answer: ServerMethod = try await answer { core, answer in
            core.consume(
                queue: queue, tag: consumerTag, noAck: noAck, exclusive: exclusive, arguments: arguments,
                onBatch: onBatch, onCancelled: onCancelled, answer)
        }
        guard case .consumeOK(let tag) = answer else {
            throw AMQPError(.protocolViolation, "unexpected answer to basic.consume")
        }
        return tag
    }

    /// Cancels a consumer. Deliveries received before the broker's answer are passed on before this returns. They stay
    /// unacknowledged until they are acknowledged or the channel closes.
    package func cancel(consumerTag: String) async throws(AMQPError) {
        let _: ServerMethod = try await answer { core, answer in core.cancel(tag: consumerTag, answer) }
    }

    /// Acknowledges a delivery, or with `multiple` every delivery up to it. Ignored once the channel has ended: the
    /// broker redelivers those. A tag that the broker does not know closes the channel (406).
    ///
    /// - Parameter tag: From a delivery of *this* channel, and not 0, which would acknowledge all deliveries.
    package func acknowledge(_ tag: UInt64, multiple: Bool = false) {
        precondition(tag > 0, "0 is not a delivery tag: with multiple it would acknowledge everything")
        onLoop { $0.settle(.acknowledge(tag: tag, multiple: multiple)) }
    }

    /// Rejects one delivery: it is requeued or dead-lettered.
    package func reject(_ tag: UInt64, requeue: Bool) {
        precondition(tag > 0, "0 is not a delivery tag")
        onLoop { $0.settle(.reject(tag: tag, requeue: requeue)) }
    }

    /// Rejects a delivery, or with `multiple` every delivery up to it.
    package func nack(_ tag: UInt64, multiple: Bool = false, requeue: Bool) {
        precondition(tag > 0, "0 is not a delivery tag: with multiple it would reject everything")
        onLoop { $0.settle(.negativelyAcknowledge(tag: tag, multiple: multiple, requeue: requeue)) }
    }
}
