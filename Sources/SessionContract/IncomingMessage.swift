/// A command message from the broker, before anything in it is trusted (contract §2).
package struct IncomingMessage: Sendable {
    package var routingKey: String
    package var body: [UInt8]
    package var contentType: String?
    package var contentEncoding: String?
    package var type: String?
    package var messageID: String?
    package var deadline: DeadlineHeader
    /// The sender, if RabbitMQ authenticated it (`user_id`).
    package var caller: String?
    package var traceparent: String?
    /// Whether a property or header is unreadable, such as text that is not UTF-8.
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
        /// Present, but not an integer.
        case unreadable
    }
}
