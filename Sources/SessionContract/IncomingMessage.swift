/// A command message as it came from the broker, before anything of it is believed (contract §2).
package struct IncomingMessage: Sendable {
    package var routingKey: String
    package var body: [UInt8]
    package var contentType: String?
    package var contentEncoding: String?
    package var type: String?
    package var messageID: String?
    package var deadline: DeadlineHeader
    /// Who sent it, where RabbitMQ vouches for that (`user_id`).
    package var caller: String?
    package var traceparent: String?
    /// Whether a property or header could not be read, as text that is not UTF-8.
    package var hasUnreadableProperties: Bool

    package init(
        routingKey: String, body: [UInt8], contentType: String? = nil, contentEncoding: String? = nil,
        type: String? = nil, messageID: String? = nil, deadline: DeadlineHeader = .absent,
        caller: String? = nil, traceparent: String? = nil, hasUnreadableProperties: Bool = false
    ) {
        self.routingKey = routingKey
        self.body = body
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.type = type
        self.messageID = messageID
        self.deadline = deadline
        self.caller = caller
        self.traceparent = traceparent
        self.hasUnreadableProperties = hasUnreadableProperties
    }

    package enum DeadlineHeader: Sendable {
        case absent
        /// Milliseconds since the epoch.
        case at(Int64)
        /// There, but no integer.
        case unreadable
    }
}
