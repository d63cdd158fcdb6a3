/// A method that the broker may send to a client, copied out of rabbitmq-c's memory.
package enum ServerMethod: Hashable, Sendable {
    case connectionStart(major: UInt8, minor: UInt8, mechanisms: String, server: AMQPServer)
    case connectionTune(channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16)
    case connectionOpenOK
    case connectionClose(CloseReason)
    case connectionCloseOK
    case connectionBlocked(reason: String)
    case connectionUnblocked
    case channelOpenOK
    case channelFlow(active: Bool)
    case channelClose(CloseReason)
    case channelCloseOK
    case exchangeDeclareOK
    case exchangeDeleteOK
    case queueDeclareOK(name: String, messageCount: UInt32, consumerCount: UInt32)
    case queueBindOK
    case queueUnbindOK
    case queuePurgeOK(messageCount: UInt32)
    case queueDeleteOK(messageCount: UInt32)
    case qosOK
    case consumeOK(consumerTag: String)
    case cancelOK(consumerTag: String)
    case cancel(consumerTag: String)
    case confirmSelectOK
    case deliver(DeliveryAddress)
    case returned(ReturnAddress)
    case confirm(tag: UInt64, multiple: Bool, positive: Bool)

    /// The call that this answers; nil if it is not an answer.
    var reply: Reply? {
        switch self {
        case .channelOpenOK: .channelOpen
        case .channelCloseOK: .channelClose
        case .exchangeDeclareOK: .exchangeDeclare
        case .exchangeDeleteOK: .exchangeDelete
        case .queueDeclareOK: .queueDeclare
        case .queueBindOK: .queueBind
        case .queueUnbindOK: .queueUnbind
        case .queuePurgeOK: .queuePurge
        case .queueDeleteOK: .queueDelete
        case .qosOK: .qos
        case .consumeOK: .consume
        case .cancelOK: .cancel
        case .confirmSelectOK: .confirmSelect
        case .connectionStart, .connectionTune, .connectionOpenOK, .connectionClose, .connectionCloseOK,
            .connectionBlocked, .connectionUnblocked, .channelFlow, .channelClose, .cancel, .deliver, .returned,
            .confirm:
            nil
        }
    }

    /// The channel methods that get an answer, named by the call.
    enum Reply: String, Sendable {
        case channelOpen = "channel.open"
        case channelClose = "channel.close"
        case exchangeDeclare = "exchange.declare"
        case exchangeDelete = "exchange.delete"
        case queueDeclare = "queue.declare"
        case queueBind = "queue.bind"
        case queueUnbind = "queue.unbind"
        case queuePurge = "queue.purge"
        case queueDelete = "queue.delete"
        case qos = "basic.qos"
        case consume = "basic.consume"
        case cancel = "basic.cancel"
        case confirmSelect = "confirm.select"
    }
}

/// The content of `basic.deliver`, which precedes the message.
package struct DeliveryAddress: Hashable, Sendable {
    var consumerTag: String
    var deliveryTag: UInt64
    var redelivered: Bool
    /// Nil if not UTF-8.
    var exchange: String?
    /// Nil if not UTF-8.
    var routingKey: String?
}

/// The content of `basic.return`, which precedes the returned message.
package struct ReturnAddress: Hashable, Sendable {
    var replyCode: UInt16
    var replyText: String
    var exchange: String
    var routingKey: String
}
