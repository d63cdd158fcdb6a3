/// A method that we send. Publishing is separate: ``FrameEncoder/publish(_:channel:into:)``.
enum ClientMethod: Sendable {
    case connection(Connection)
    case topology(Topology)
    case channelOpen
    case channelClose(CloseReason)
    case channelCloseOK
    case qos(prefetch: UInt16)
    case consume(queue: String, consumerTag: String, noAck: Bool, exclusive: Bool, arguments: AMQPTable)
    case cancel(consumerTag: String)
    case acknowledge(tag: UInt64, multiple: Bool)
    case negativelyAcknowledge(tag: UInt64, multiple: Bool, requeue: Bool)
    case reject(tag: UInt64, requeue: Bool)
    case confirmSelect

    /// Methods of the connection class, sent on channel 0.
    enum Connection: Sendable {
        case startOK(properties: AMQPTable, mechanism: String, response: [UInt8])
        case tuneOK(channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16)
        case open(virtualHost: String)
        case close(CloseReason)
        case closeOK
    }

    /// Methods of the exchange and queue classes.
    enum Topology: Sendable {
        case exchangeDeclare(
            name: String, kind: String, passive: Bool, durable: Bool, autoDelete: Bool, internal: Bool,
            arguments: AMQPTable)
        case exchangeDelete(name: String)
        case queueDeclare(
            name: String, passive: Bool, durable: Bool, exclusive: Bool, autoDelete: Bool, arguments: AMQPTable)
        case queueBind(queue: String, exchange: String, routingKey: String, arguments: AMQPTable)
        case queueUnbind(queue: String, exchange: String, routingKey: String, arguments: AMQPTable)
        case queuePurge(name: String)
        case queueDelete(name: String, ifUnused: Bool, ifEmpty: Bool)
    }
}
