/// A message to publish.
package struct AMQPMessage: Hashable, Sendable {
    /// The exchange; empty means the default exchange, where the routing key is the queue's name. A missing exchange
    /// closes the channel (404).
    package var exchange: String
    package var routingKey: String
    /// Whether the broker returns the message if no queue receives it. Never set it on a direct reply: RabbitMQ
    /// considers those unroutable even when they arrive.
    package var mandatory: Bool
    package var properties: AMQPProperties
    package var body: [UInt8]

    package init(
        exchange: String, routingKey: String, mandatory: Bool = false, properties: AMQPProperties = AMQPProperties(),
        body: [UInt8]
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.mandatory = mandatory
        self.properties = properties
        self.body = body
    }
}

/// The outcome of publishing a message.
package enum AMQPPublishOutcome: Hashable, Sendable {
    /// The broker accepted it (`basic.ack`): on disk or replicated as its queues promise.
    case confirmed
    /// The broker did not accept it (`basic.nack`): a full queue that rejects, or an internal error. May be retried.
    case rejected
    /// Unroutable: `mandatory` was set and no queue is bound (312 NO_ROUTE).
    case returned(replyCode: UInt16, replyText: String)
    /// Never sent, because it does not fit the protocol: a name over 255 bytes, properties larger than a frame.
    case unsendable(reason: String)
    /// Unknown: the connection was lost or the timeout expired before the broker answered, so the broker may have the
    /// message. Also used for a message that was never written because the channel had already ended.
    case unknown(AMQPError)
}

/// A message received.
package struct AMQPDelivery: Hashable, Sendable {
    /// The tag of the consumer that received it.
    package var consumerTag: String
    /// Identifies the delivery, on its channel only: pass it to ``AMQPChannel/acknowledge(_:multiple:)``.
    package var deliveryTag: UInt64
    package var redelivered: Bool
    package var exchange: String
    package var routingKey: String
    /// Whether exchange and routing key are valid: false if either is not UTF-8, in which case it is empty here.
    package var addressIsReadable: Bool = true
    package var properties: AMQPProperties
    /// The body, or its first ``AMQPConfiguration/retainedBodyBytes`` bytes. An array instead of a slice of the read
    /// buffer, so that a command of 170 bytes does not hold 64 KiB of socket buffer, and parsers can use it directly.
    package var body: [UInt8]
    /// The size of the complete body, in bytes.
    package var bodySize: UInt64

    /// Whether the body was truncated to the size limit.
    package var isTruncated: Bool { UInt64(body.count) < bodySize }

    package init(
        consumerTag: String, deliveryTag: UInt64, redelivered: Bool, exchange: String, routingKey: String,
        properties: AMQPProperties, body: [UInt8], bodySize: UInt64
    ) {
        self.consumerTag = consumerTag
        self.deliveryTag = deliveryTag
        self.redelivered = redelivered
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
        self.bodySize = bodySize
    }
}
