import CRabbitMQ

/// Decodes method frames.
struct MethodDecoder {
    private let arena: Arena
    private var consumerTag = RepeatedText()
    private var exchange = RepeatedText()
    private var routingKey = RepeatedText()

    init(arena: Arena) { self.arena = arena }

    /// Decodes the payload of a method frame: class and method (2 bytes each), then the arguments.
    mutating func decode(_ payload: UnsafeRawBufferPointer) throws(AMQPError) -> ServerMethod {
        guard payload.count >= 4 else {
            throw AMQPError(.protocolViolation, "a method frame of \(payload.count) bytes")
        }
        let id = UInt32(bigEndian: unsafe payload.loadUnaligned(as: UInt32.self))
        let arguments = unsafe UnsafeRawBufferPointer(rebasing: payload.dropFirst(4))
        if id == AMQP_CONNECTION_START_METHOD {
            try unsafe checkServerProperties(arguments)
        } else {
            // Methods that only a client sends may contain tables that were not scanned.
            guard Self.isServerMethod(id) else {
                throw AMQPError(
                    .protocolViolation, "the broker sent method \(id >> 16).\(id & 0xFFFF), a client-only method")
            }
        }
        defer { arena.recycle() }
        var decoded: UnsafeMutableRawPointer?
        let bytes = unsafe amqp_bytes_t(
            len: arguments.count, bytes: UnsafeMutableRawPointer(mutating: arguments.baseAddress))
        let status = unsafe amqp_decode_method(id, arena.pool, bytes, &decoded)
        guard status >= 0, let decoded = unsafe decoded else {
            throw AMQPError(.protocolViolation, "cannot parse method \(id >> 16).\(id & 0xFFFF)")
        }
        return try unsafe copy(id, decoded)
    }

    /// Only `connection.start` contains a table: two bytes of version, then the server's properties.
    private func checkServerProperties(_ arguments: UnsafeRawBufferPointer) throws(AMQPError) {
        let malformed = AMQPError(.protocolViolation, "cannot parse the server's properties")
        guard arguments.count >= 6 else { throw malformed }
        let length = Int(UInt32(bigEndian: unsafe arguments.loadUnaligned(fromByteOffset: 2, as: UInt32.self)))
        guard length <= arguments.count - 6 else { throw malformed }
        guard unsafe TableScan.accepts(UnsafeRawBufferPointer(rebasing: arguments[6..<(6 + length)])) else {
            throw malformed
        }
    }

    private static func isServerMethod(_ id: amqp_method_number_t) -> Bool {
        switch id {
        case AMQP_BASIC_DELIVER_METHOD, AMQP_BASIC_ACK_METHOD, AMQP_BASIC_NACK_METHOD, AMQP_BASIC_RETURN_METHOD,
            AMQP_CONNECTION_START_METHOD, AMQP_CONNECTION_TUNE_METHOD, AMQP_CONNECTION_OPEN_OK_METHOD,
            AMQP_CONNECTION_CLOSE_METHOD, AMQP_CONNECTION_CLOSE_OK_METHOD, AMQP_CONNECTION_BLOCKED_METHOD,
            AMQP_CONNECTION_UNBLOCKED_METHOD, AMQP_CHANNEL_OPEN_OK_METHOD, AMQP_CHANNEL_FLOW_METHOD,
            AMQP_CHANNEL_CLOSE_METHOD, AMQP_CHANNEL_CLOSE_OK_METHOD, AMQP_EXCHANGE_DECLARE_OK_METHOD,
            AMQP_EXCHANGE_DELETE_OK_METHOD, AMQP_QUEUE_DECLARE_OK_METHOD, AMQP_QUEUE_BIND_OK_METHOD,
            AMQP_QUEUE_UNBIND_OK_METHOD, AMQP_QUEUE_PURGE_OK_METHOD, AMQP_QUEUE_DELETE_OK_METHOD,
            AMQP_BASIC_QOS_OK_METHOD, AMQP_BASIC_CONSUME_OK_METHOD, AMQP_BASIC_CANCEL_METHOD,
            AMQP_BASIC_CANCEL_OK_METHOD, AMQP_CONFIRM_SELECT_OK_METHOD:
            true
        default:
            false
        }
    }

    private mutating func copy(_ id: amqp_method_number_t, _ decoded: UnsafeMutableRawPointer) throws(AMQPError)
        -> ServerMethod
    {
        switch id {
        case AMQP_BASIC_DELIVER_METHOD:
            let method = unsafe decoded.assumingMemoryBound(to: amqp_basic_deliver_t.self)
            guard let tag = unsafe consumerTag.text(method.pointee.consumer_tag) else { throw Self.unknownTag }
            return .deliver(
                DeliveryAddress(
                    consumerTag: tag, deliveryTag: unsafe method.pointee.delivery_tag,
                    redelivered: unsafe method.pointee.redelivered != 0,
                    exchange: unsafe exchange.text(method.pointee.exchange),
                    routingKey: unsafe routingKey.text(method.pointee.routing_key)))
        case AMQP_BASIC_ACK_METHOD:
            let method = unsafe decoded.load(as: amqp_basic_ack_t.self)
            return .confirm(tag: method.delivery_tag, multiple: method.multiple != 0, positive: true)
        case AMQP_BASIC_NACK_METHOD:
            let method = unsafe decoded.load(as: amqp_basic_nack_t.self)
            return .confirm(tag: method.delivery_tag, multiple: method.multiple != 0, positive: false)
        case AMQP_BASIC_RETURN_METHOD:
            let method = unsafe decoded.load(as: amqp_basic_return_t.self)
            return .returned(
                ReturnAddress(
                    replyCode: unsafe method.reply_code, replyText: unsafe String(shown: method.reply_text),
                    exchange: unsafe String(shown: method.exchange),
                    routingKey: unsafe String(shown: method.routing_key)))
        case AMQP_CONNECTION_START_METHOD:
            let method = unsafe decoded.load(as: amqp_connection_start_t.self)
            return .connectionStart(
                major: unsafe method.version_major, minor: unsafe method.version_minor,
                mechanisms: unsafe String(shown: method.mechanisms),
                server: unsafe AMQPServer(AMQPTable(method.server_properties)))
        case AMQP_CONNECTION_TUNE_METHOD:
            let method = unsafe decoded.load(as: amqp_connection_tune_t.self)
            return .connectionTune(
                channelMax: method.channel_max, frameMax: method.frame_max, heartbeat: method.heartbeat)
        case AMQP_CONNECTION_OPEN_OK_METHOD: return .connectionOpenOK
        case AMQP_CONNECTION_CLOSE_METHOD:
            let method = unsafe decoded.load(as: amqp_connection_close_t.self)
            return .connectionClose(
                unsafe CloseReason(replyCode: method.reply_code, replyText: String(shown: method.reply_text)))
        case AMQP_CONNECTION_CLOSE_OK_METHOD: return .connectionCloseOK
        case AMQP_CONNECTION_BLOCKED_METHOD:
            return .connectionBlocked(
                reason: unsafe String(shown: decoded.load(as: amqp_connection_blocked_t.self).reason))
        case AMQP_CONNECTION_UNBLOCKED_METHOD: return .connectionUnblocked
        case AMQP_CHANNEL_OPEN_OK_METHOD: return .channelOpenOK
        case AMQP_CHANNEL_FLOW_METHOD:
            return .channelFlow(active: unsafe decoded.load(as: amqp_channel_flow_t.self).active != 0)
        case AMQP_CHANNEL_CLOSE_METHOD:
            let method = unsafe decoded.load(as: amqp_channel_close_t.self)
            return .channelClose(
                unsafe CloseReason(replyCode: method.reply_code, replyText: String(shown: method.reply_text)))
        case AMQP_CHANNEL_CLOSE_OK_METHOD: return .channelCloseOK
        case AMQP_EXCHANGE_DECLARE_OK_METHOD: return .exchangeDeclareOK
        case AMQP_EXCHANGE_DELETE_OK_METHOD: return .exchangeDeleteOK
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            let method = unsafe decoded.load(as: amqp_queue_declare_ok_t.self)
            return .queueDeclareOK(
                name: unsafe String(shown: method.queue), messageCount: unsafe method.message_count,
                consumerCount: unsafe method.consumer_count)
        case AMQP_QUEUE_BIND_OK_METHOD: return .queueBindOK
        case AMQP_QUEUE_UNBIND_OK_METHOD: return .queueUnbindOK
        case AMQP_QUEUE_PURGE_OK_METHOD:
            return .queuePurgeOK(messageCount: unsafe decoded.load(as: amqp_queue_purge_ok_t.self).message_count)
        case AMQP_QUEUE_DELETE_OK_METHOD:
            return .queueDeleteOK(messageCount: unsafe decoded.load(as: amqp_queue_delete_ok_t.self).message_count)
        case AMQP_BASIC_QOS_OK_METHOD: return .qosOK
        case AMQP_BASIC_CONSUME_OK_METHOD:
            return .consumeOK(
                consumerTag: unsafe String(shown: decoded.load(as: amqp_basic_consume_ok_t.self).consumer_tag))
        case AMQP_BASIC_CANCEL_METHOD:
            return .cancel(consumerTag: unsafe String(shown: decoded.load(as: amqp_basic_cancel_t.self).consumer_tag))
        case AMQP_BASIC_CANCEL_OK_METHOD:
            return .cancelOK(
                consumerTag: unsafe String(shown: decoded.load(as: amqp_basic_cancel_ok_t.self).consumer_tag))
        case AMQP_CONFIRM_SELECT_OK_METHOD: return .confirmSelectOK
        default: preconditionFailure("a method passed isServerMethod that cannot be decoded: \(id)")
        }
    }

    private static var unknownTag: AMQPError {
        AMQPError(.protocolViolation, "a delivery for a consumer tag that is not UTF-8")
    }
}
