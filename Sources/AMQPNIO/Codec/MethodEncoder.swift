import CRabbitMQ
import NIOCore

extension FrameEncoder {
    /// Writes a method as one frame. On an error (`invalidMessage`) the buffer is unchanged.
    func method(_ method: ClientMethod, channel: UInt16, into buffer: inout ByteBuffer) throws(AMQPError) {
        defer { arena.recycle() }
        switch method {
        case .acknowledge(let tag, let multiple):
            try encode(
                AMQP_BASIC_ACK_METHOD, amqp_basic_ack_t(delivery_tag: tag, multiple: multiple.c), channel, &buffer)
        case .negativelyAcknowledge(let tag, let multiple, let requeue):
            let decoded = amqp_basic_nack_t(delivery_tag: tag, multiple: multiple.c, requeue: requeue.c)
            try encode(AMQP_BASIC_NACK_METHOD, decoded, channel, &buffer)
        case .reject(let tag, let requeue):
            try encode(
                AMQP_BASIC_REJECT_METHOD, amqp_basic_reject_t(delivery_tag: tag, requeue: requeue.c), channel, &buffer)
        case .connection(let method): try connectionMethod(method, &buffer)
        case .topology(let method): try topologyMethod(method, channel, &buffer)
        case .channelOpen:
            try unsafe encode(AMQP_CHANNEL_OPEN_METHOD, unsafe amqp_channel_open_t(), channel, &buffer)
        case .channelClose(let reason):
            let decoded = unsafe amqp_channel_close_t(
                reply_code: reason.replyCode, reply_text: arena.copy(reason.replyText), class_id: 0, method_id: 0)
            try unsafe encode(AMQP_CHANNEL_CLOSE_METHOD, decoded, channel, &buffer)
        case .channelCloseOK:
            try encode(AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t(), channel, &buffer)
        case .qos(let prefetch):
            let decoded = amqp_basic_qos_t(prefetch_size: 0, prefetch_count: prefetch, global: 0)
            try encode(AMQP_BASIC_QOS_METHOD, decoded, channel, &buffer)
        case .consume(let queue, let consumerTag, let noAck, let exclusive, let arguments):
            let decoded = unsafe amqp_basic_consume_t(
                ticket: 0, queue: arena.copy(queue), consumer_tag: arena.copy(consumerTag), no_local: 0,
                no_ack: noAck.c, exclusive: exclusive.c, nowait: 0, arguments: try arena.copy(arguments))
            try unsafe encode(AMQP_BASIC_CONSUME_METHOD, decoded, channel, &buffer)
        case .cancel(let consumerTag):
            let decoded = unsafe amqp_basic_cancel_t(consumer_tag: arena.copy(consumerTag), nowait: 0)
            try unsafe encode(AMQP_BASIC_CANCEL_METHOD, decoded, channel, &buffer)
        case .confirmSelect:
            try encode(AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t(nowait: 0), channel, &buffer)
        }
    }

    private func connectionMethod(_ method: ClientMethod.Connection, _ buffer: inout ByteBuffer) throws(AMQPError) {
        switch method {
        case .startOK(let properties, let mechanism, let response):
            let decoded = unsafe amqp_connection_start_ok_t(
                client_properties: try arena.copy(properties), mechanism: arena.copy(mechanism),
                response: arena.copy(response), locale: arena.copy("en_US"))
            try unsafe encode(AMQP_CONNECTION_START_OK_METHOD, decoded, 0, &buffer)
        case .tuneOK(let channelMax, let frameMax, let heartbeat):
            let decoded = amqp_connection_tune_ok_t(channel_max: channelMax, frame_max: frameMax, heartbeat: heartbeat)
            try encode(AMQP_CONNECTION_TUNE_OK_METHOD, decoded, 0, &buffer)
        case .open(let virtualHost):
            let decoded = unsafe amqp_connection_open_t(
                virtual_host: arena.copy(virtualHost), capabilities: arena.copy(""), insist: 0)
            try unsafe encode(AMQP_CONNECTION_OPEN_METHOD, decoded, 0, &buffer)
        case .close(let reason):
            let decoded = unsafe amqp_connection_close_t(
                reply_code: reason.replyCode, reply_text: arena.copy(reason.replyText), class_id: 0, method_id: 0)
            try unsafe encode(AMQP_CONNECTION_CLOSE_METHOD, decoded, 0, &buffer)
        case .closeOK:
            try encode(AMQP_CONNECTION_CLOSE_OK_METHOD, amqp_connection_close_ok_t(), 0, &buffer)
        }
    }

    private func topologyMethod(
        _ method: ClientMethod.Topology, _ channel: UInt16, _ buffer: inout ByteBuffer
    ) throws(AMQPError) {
        switch method {
        case .exchangeDeclare(
            let name, let kind, let passive, let durable, let autoDelete, let `internal`, let arguments):
            let decoded = unsafe amqp_exchange_declare_t(
                ticket: 0, exchange: arena.copy(name), type: arena.copy(kind), passive: passive.c, durable: durable.c,
                auto_delete: autoDelete.c, internal: `internal`.c, nowait: 0, arguments: try arena.copy(arguments))
            try unsafe encode(AMQP_EXCHANGE_DECLARE_METHOD, decoded, channel, &buffer)
        case .exchangeDelete(let name):
            let decoded = unsafe amqp_exchange_delete_t(ticket: 0, exchange: arena.copy(name), if_unused: 0, nowait: 0)
            try unsafe encode(AMQP_EXCHANGE_DELETE_METHOD, decoded, channel, &buffer)
        case .queueDeclare(let name, let passive, let durable, let exclusive, let autoDelete, let arguments):
            let decoded = unsafe amqp_queue_declare_t(
                ticket: 0, queue: arena.copy(name), passive: passive.c, durable: durable.c, exclusive: exclusive.c,
                auto_delete: autoDelete.c, nowait: 0, arguments: try arena.copy(arguments))
            try unsafe encode(AMQP_QUEUE_DECLARE_METHOD, decoded, channel, &buffer)
        case .queueBind(let queue, let exchange, let routingKey, let arguments):
            let decoded = unsafe amqp_queue_bind_t(
                ticket: 0, queue: arena.copy(queue), exchange: arena.copy(exchange),
                routing_key: arena.copy(routingKey), nowait: 0, arguments: try arena.copy(arguments))
            try unsafe encode(AMQP_QUEUE_BIND_METHOD, decoded, channel, &buffer)
        case .queueUnbind(let queue, let exchange, let routingKey, let arguments):
            let decoded = unsafe amqp_queue_unbind_t(
                ticket: 0, queue: arena.copy(queue), exchange: arena.copy(exchange),
                routing_key: arena.copy(routingKey), arguments: try arena.copy(arguments))
            try unsafe encode(AMQP_QUEUE_UNBIND_METHOD, decoded, channel, &buffer)
        case .queuePurge(let name):
            let decoded = unsafe amqp_queue_purge_t(ticket: 0, queue: arena.copy(name), nowait: 0)
            try unsafe encode(AMQP_QUEUE_PURGE_METHOD, decoded, channel, &buffer)
        case .queueDelete(let name, let ifUnused, let ifEmpty):
            let decoded = unsafe amqp_queue_delete_t(
                ticket: 0, queue: arena.copy(name), if_unused: ifUnused.c, if_empty: ifEmpty.c, nowait: 0)
            try unsafe encode(AMQP_QUEUE_DELETE_METHOD, decoded, channel, &buffer)
        }
    }
}

extension Bool {
    /// In rabbitmq-c's representation.
    var c: amqp_boolean_t { self ? 1 : 0 }
}
