/// A message to publish.
package struct AMQPMessage: Hashable, Sendable {
    /// The exchange; empty means the default exchange, where the routing key is the queue's name. One that does not
    /// exist closes the channel (404).
    package var exchange: String
    package var routingKey: String
    /// Whether the broker sends the message back if no queue takes it. Never set it on a direct reply: RabbitMQ counts
    /// those as unroutable even when they arrive.
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

/// What became of a published message.
package enum AMQPPublishOutcome: Hashable, Sendable {
    /// The broker has it (`basic.ack`): on disk or replicated as far as its queues promise.
    case confirmed
    /// The broker could not keep it (`basic.nack`): a full queue that rejects, or an internal error. May be tried
    /// again.
    case rejected
    /// Nobody takes it: `mandatory` was set and no queue is bound (312 NO_ROUTE).
    case returned(replyCode: UInt16, replyText: String)
    /// It was never sent, since it does not fit the protocol: a name over 255 bytes, properties larger than a frame.
    case unsendable(reason: String)
    /// Nobody can say: the broker had not answered for it when the connection was lost, or the limit on the wait was
    /// reached. The broker may have it. A message that was never written, since the channel had ended before, is here too.
    case unknown(AMQPError)
}

/// A message received.
package struct AMQPDelivery: Hashable, Sendable {
    /// The tag of the consumer it came to.
    package var consumerTag: String
    /// Names the delivery on its channel, and only there: what ``AMQPChannel/acknowledge(_:multiple:)`` takes.
    package var deliveryTag: UInt64
    package var redelivered: Bool
    package var exchange: String
    package var routingKey: String
    /// Whether exchange and routing key are as they came: false if either is not UTF-8, and then it is empty here.
    package var addressIsReadable: Bool = true
    package var properties: AMQPProperties
    /// The body, or its first ``AMQPConfiguration/retainedBodyBytes`` bytes. An array of its own rather than a slice of
    /// the read buffer: it does not hold 64 KiB of socket buffer for 170 bytes of command, and parsers take it as it
    /// is.
    package var body: [UInt8]
    /// The size of the body as sent, in bytes.
    package var bodySize: UInt64

    /// Whether the body was longer than what is kept of one.
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
