extension AMQPChannel {
    /// Sets how many unacknowledged deliveries each consumer started from now on may hold; 0 is no limit.
    package func qos(prefetch: UInt16) async throws(AMQPError) {
        _ = try await call(.qos(prefetch: prefetch), expects: .qos)
    }

    /// Starts a consumer and returns its tag.
    ///
    /// - Parameters:
    ///   - consumerTag: Unique on the channel; empty has one made.
    ///   - noAck: Deliveries count as acknowledged when sent. Needed to consume from `amq.rabbitmq.reply-to`, on the
    ///     channel that publishes the requests.
    ///   - onBatch: Called on the event loop with all deliveries one read of the socket brought for this consumer, at
    ///     most ``AMQPLimits/deliveryBatch`` at a time, in order, never empty. May be called before this function
    ///     returns. What it publishes and acknowledges goes out in one write when it returns.
    ///   - onCancelled: Called on the event loop when the broker ends the consumer (`basic.cancel`: its queue was
    ///     deleted or has moved). Not called for ``cancel(consumerTag:)``, nor when the channel ends: see
    ///     ``closeFuture``.
    /// - Throws: `notFound`, `accessRefused`, `resourceLocked`; each of which closes the channel.
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
            throw AMQPError(.protocolViolation, "basic.consume was answered with something else")
        }
        return tag
    }

    /// Ends a consumer. What was delivered before the broker answered is handed over before this returns; it stays
    /// unacknowledged until it is acknowledged or the channel closes.
    package func cancel(consumerTag: String) async throws(AMQPError) {
        let _: ServerMethod = try await answer { core, answer in core.cancel(tag: consumerTag, answer) }
    }

    /// Acknowledges a delivery, or with `multiple` every one up to it. Ignored once the channel has ended: the broker
    /// delivers those again. A tag the broker does not know closes the channel (406).
    ///
    /// - Parameter tag: From a delivery of *this* channel, and not 0, which would acknowledge all there are.
    package func acknowledge(_ tag: UInt64, multiple: Bool = false) {
        precondition(tag > 0, "0 is not a delivery tag: with multiple it would acknowledge everything")
        onLoop { $0.settle(.acknowledge(tag: tag, multiple: multiple)) }
    }

    /// Rejects one delivery: back to its queue, or to the dead-letter exchange.
    package func reject(_ tag: UInt64, requeue: Bool) {
        precondition(tag > 0, "0 is not a delivery tag")
        onLoop { $0.settle(.reject(tag: tag, requeue: requeue)) }
    }

    /// Rejects a delivery, or with `multiple` every one up to it.
    package func nack(_ tag: UInt64, multiple: Bool = false, requeue: Bool) {
        precondition(tag > 0, "0 is not a delivery tag: with multiple it would reject everything")
        onLoop { $0.settle(.negativelyAcknowledge(tag: tag, multiple: multiple, requeue: requeue)) }
    }
}
