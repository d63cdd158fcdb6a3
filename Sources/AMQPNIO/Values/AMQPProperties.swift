/// The properties of a message (basic class, AMQP 0-9-1 §1.8.3.1). All are optional on the wire, and here.
///
/// Stored in a copy-on-write box: fourteen optional fields take 250 bytes and a reference count each, and a delivery is
/// passed on half a dozen times on its way to the consumer.
package struct AMQPProperties: Hashable, Sendable {
    private var box: Box

    package init(
        contentType: String? = nil, contentEncoding: String? = nil, headers: AMQPTable? = nil,
        deliveryMode: UInt8? = nil, priority: UInt8? = nil, correlationID: String? = nil, replyTo: String? = nil,
        expiration: String? = nil, messageID: String? = nil, timestamp: UInt64? = nil, type: String? = nil,
        userID: String? = nil, appID: String? = nil, clusterID: String? = nil
    ) {
        self.init(
            Fields(
                contentType: contentType, contentEncoding: contentEncoding, headers: headers,
                deliveryMode: deliveryMode, priority: priority, correlationID: correlationID, replyTo: replyTo,
                expiration: expiration, messageID: messageID, timestamp: timestamp, type: type, userID: userID,
                appID: appID, clusterID: clusterID))
    }

    init(_ fields: Fields) { box = Box(fields) }

    /// No properties, without allocating a box.
    static let none = AMQPProperties(Fields())

    package var contentType: String? {
        get { box.fields.contentType }
        set { mutate { $0.contentType = newValue } }
    }

    package var contentEncoding: String? {
        get { box.fields.contentEncoding }
        set { mutate { $0.contentEncoding = newValue } }
    }

    package var headers: AMQPTable? {
        get { box.fields.headers }
        set { mutate { $0.headers = newValue } }
    }

    /// 1 transient, 2 persistent.
    package var deliveryMode: UInt8? {
        get { box.fields.deliveryMode }
        set { mutate { $0.deliveryMode = newValue } }
    }

    package var priority: UInt8? {
        get { box.fields.priority }
        set { mutate { $0.priority = newValue } }
    }

    package var correlationID: String? {
        get { box.fields.correlationID }
        set { mutate { $0.correlationID = newValue } }
    }

    package var replyTo: String? {
        get { box.fields.replyTo }
        set { mutate { $0.replyTo = newValue } }
    }

    /// In milliseconds, as text: RabbitMQ's message TTL.
    package var expiration: String? {
        get { box.fields.expiration }
        set { mutate { $0.expiration = newValue } }
    }

    package var messageID: String? {
        get { box.fields.messageID }
        set { mutate { $0.messageID = newValue } }
    }

    /// Seconds since the epoch.
    package var timestamp: UInt64? {
        get { box.fields.timestamp }
        set { mutate { $0.timestamp = newValue } }
    }

    package var type: String? {
        get { box.fields.type }
        set { mutate { $0.type = newValue } }
    }

    /// RabbitMQ checks it against the connection's user; another name closes the channel.
    package var userID: String? {
        get { box.fields.userID }
        set { mutate { $0.userID = newValue } }
    }

    package var appID: String? {
        get { box.fields.appID }
        set { mutate { $0.appID = newValue } }
    }

    package var clusterID: String? {
        get { box.fields.clusterID }
        set { mutate { $0.clusterID = newValue } }
    }

    /// Properties that arrived but could not be read, with their bytes: text that is not UTF-8; headers that are
    /// malformed, nested deeper than ``AMQPLimits/tableDepth``, have more than ``AMQPLimits/tableValues`` values or
    /// names that are not UTF-8; and all properties together if they are larger than ``AMQPLimits/headerMax``.
    ///
    /// Their typed field is nil, so readers that ignore this list see them as absent, never as repaired. When the
    /// properties are published again, unreadable text is sent byte for byte (unless the typed field has been set
    /// since). Unreadable headers are omitted: what was unsafe to decode here should not be passed on to the next
    /// reader.
    package var unreadable: [Unreadable] {
        get { box.fields.unreadable }
        set { mutate { $0.unreadable = newValue } }
    }

    /// The bytes of a property that arrived but could not be read; otherwise nil.
    package func unreadableBytes(_ name: Name) -> [UInt8]? { box.fields.unreadableBytes(name) }

    /// All fields at once, for code that reads several.
    var fields: Fields { box.fields }

    private mutating func mutate(_ change: (inout Fields) -> Void) {
        if !isKnownUniquelyReferenced(&box) { box = Box(box.fields) }
        change(&box.fields)
    }

    package static func == (left: AMQPProperties, right: AMQPProperties) -> Bool {
        left.box === right.box || left.box.fields == right.box.fields
    }

    package func hash(into hasher: inout Hasher) { box.fields.hash(into: &hasher) }

    /// A property whose bytes could not be read.
    package struct Unreadable: Hashable, Sendable {
        package var name: Name
        /// The bytes as received: the content of a text, a header table with its length prefix, or nothing for all
        /// properties together.
        package var bytes: [UInt8]

        package init(name: Name, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// The properties that may be unreadable, with the names the contract uses.
    package enum Name: String, Sendable, Hashable, CaseIterable {
        /// All of them: the list was too large to read.
        case properties
        case contentType = "content_type"
        case contentEncoding = "content_encoding"
        case headers
        case correlationID = "correlation_id"
        case replyTo = "reply_to"
        case expiration
        case messageID = "message_id"
        case type
        case userID = "user_id"
        case appID = "app_id"
        case clusterID = "cluster_id"
    }

    // Marked unchecked correctly: `fields` changes only in `mutate`, which first ensures that no copy shares the box.
    private final class Box: @unchecked Sendable {
        var fields: Fields

        init(_ fields: Fields) { self.fields = fields }
    }

    struct Fields: Hashable, Sendable {
        var contentType: String?
        var contentEncoding: String?
        var headers: AMQPTable?
        var deliveryMode: UInt8?
        var priority: UInt8?
        var correlationID: String?
        var replyTo: String?
        var expiration: String?
        var messageID: String?
        var timestamp: UInt64?
        var type: String?
        var userID: String?
        var appID: String?
        var clusterID: String?
        var unreadable: [Unreadable] = []

        func unreadableBytes(_ name: Name) -> [UInt8]? { unreadable.first { $0.name == name }?.bytes }
    }
}
