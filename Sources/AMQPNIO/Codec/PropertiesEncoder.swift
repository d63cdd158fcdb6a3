import CRabbitMQ

/// Converts properties to rabbitmq-c's representation.
enum PropertiesEncoder {
    /// Copies the properties into the arena. Unreadable text is sent byte for byte; unreadable headers are omitted.
    static func copy(_ properties: AMQPProperties, into arena: Arena) throws(AMQPError) -> amqp_basic_properties_t {
        let properties = properties.fields
        var result = unsafe amqp_basic_properties_t()
        var flags: Int32 = 0

        func text(_ value: String?, _ flag: Int32, _ name: AMQPProperties.Name) -> amqp_bytes_t {
            if let value {
                flags |= flag
                return unsafe arena.copy(value)
            }
            guard let bytes = properties.unreadableBytes(name) else { return unsafe amqp_bytes_t(len: 0, bytes: nil) }
            flags |= flag
            return unsafe arena.copy(bytes)
        }

        unsafe result.content_type = text(properties.contentType, AMQP_BASIC_CONTENT_TYPE_FLAG, .contentType)
        unsafe result.content_encoding = text(
            properties.contentEncoding, AMQP_BASIC_CONTENT_ENCODING_FLAG, .contentEncoding)
        if let headers = properties.headers {
            flags |= AMQP_BASIC_HEADERS_FLAG
            unsafe result.headers = try arena.copy(headers)
        }
        if let deliveryMode = properties.deliveryMode {
            flags |= AMQP_BASIC_DELIVERY_MODE_FLAG
            unsafe result.delivery_mode = deliveryMode
        }
        if let priority = properties.priority {
            flags |= AMQP_BASIC_PRIORITY_FLAG
            unsafe result.priority = priority
        }
        unsafe result.correlation_id = text(properties.correlationID, AMQP_BASIC_CORRELATION_ID_FLAG, .correlationID)
        unsafe result.reply_to = text(properties.replyTo, AMQP_BASIC_REPLY_TO_FLAG, .replyTo)
        unsafe result.expiration = text(properties.expiration, AMQP_BASIC_EXPIRATION_FLAG, .expiration)
        unsafe result.message_id = text(properties.messageID, AMQP_BASIC_MESSAGE_ID_FLAG, .messageID)
        if let timestamp = properties.timestamp {
            flags |= AMQP_BASIC_TIMESTAMP_FLAG
            unsafe result.timestamp = timestamp
        }
        unsafe result.type = text(properties.type, AMQP_BASIC_TYPE_FLAG, .type)
        unsafe result.user_id = text(properties.userID, AMQP_BASIC_USER_ID_FLAG, .userID)
        unsafe result.app_id = text(properties.appID, AMQP_BASIC_APP_ID_FLAG, .appID)
        unsafe result.cluster_id = text(properties.clusterID, AMQP_BASIC_CLUSTER_ID_FLAG, .clusterID)
        unsafe result._flags = amqp_flags_t(flags)
        return unsafe result
    }
}
