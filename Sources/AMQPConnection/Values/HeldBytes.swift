extension AMQPDelivery {
    /// What this delivery costs in memory while it is kept, in bytes: body, routing key, properties and headers as the
    /// Swift values that they have become, each allocation with what the allocator takes for itself.
    ///
    /// The size of a message on the wire says little of that: a header of 2 bytes becomes an entry of 40. An estimate, held
    /// against the process's memory in a test; it counts the exchange and the routing key in full, though deliveries that
    /// follow each other mostly share them. It goes through all headers, so ask once and keep the answer.
    package var heldBytes: Int {
        MemoryLayout<AMQPDelivery>.stride + exchange.heldBytes + routingKey.heldBytes + body.heldBytes
            + properties.heldBytes
    }
}

extension AMQPProperties {
    /// What the properties cost in memory, in bytes; see ``AMQPDelivery/heldBytes``.
    var heldBytes: Int {
        let fields = fields
        var bytes = Allocation.object(MemoryLayout<Fields>.stride)
        bytes += fields.contentType.heldBytes + fields.contentEncoding.heldBytes + fields.correlationID.heldBytes
        bytes += fields.replyTo.heldBytes + fields.expiration.heldBytes + fields.messageID.heldBytes
        bytes += fields.type.heldBytes + fields.userID.heldBytes + fields.appID.heldBytes + fields.clusterID.heldBytes
        bytes += fields.headers?.heldBytes ?? 0
        guard !fields.unreadable.isEmpty else { return bytes }
        return bytes
            + fields.unreadable.reduce(fields.unreadable.storageBytes) { $0 + $1.bytes.heldBytes }
    }
}

extension AMQPTable {
    /// What the table costs in memory, in bytes, beside its reference; see ``AMQPDelivery/heldBytes``.
    var heldBytes: Int {
        entries.reduce(entries.storageBytes) { $0 + $1.name.heldBytes + $1.value.heldBytes }
    }
}

extension AMQPValue {
    /// What the value keeps outside of itself, in bytes.
    fileprivate var heldBytes: Int {
        switch self {
        case .string(let text): text.heldBytes
        case .opaqueString(let bytes), .bytes(let bytes): bytes.heldBytes
        case .array(let values): values.reduce(values.storageBytes) { $0 + $1.heldBytes }
        case .table(let table): table.heldBytes
        case .bool, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float, .double, .decimal,
            .timestamp, .void:
            0
        }
    }
}

extension String {
    /// A text of up to 15 bytes lies in the value itself; a longer one in an object, with a zero behind it.
    fileprivate var heldBytes: Int {
        let count = utf8.count
        return count <= 15 ? 0 : Allocation.buffer(count + 1)
    }
}

extension String? {
    fileprivate var heldBytes: Int { self?.heldBytes ?? 0 }
}

extension [UInt8] {
    fileprivate var heldBytes: Int { isEmpty ? 0 : storageBytes }
}

extension Array {
    /// What the array's own storage takes, in bytes: all it has room for.
    fileprivate var storageBytes: Int {
        capacity == 0 ? 0 : Allocation.buffer(capacity * MemoryLayout<Element>.stride)
    }
}

/// What the allocator takes for an object.
private enum Allocation {
    /// A class instance: type and reference counts in front.
    static func object(_ bytes: Int) -> Int { rounded(16 + bytes) }

    /// The storage of an array or a string: those, and its count and capacity.
    static func buffer(_ bytes: Int) -> Int { rounded(32 + bytes) }

    /// glibc puts 8 bytes in front, goes by 16, and gives no less than 32.
    private static func rounded(_ bytes: Int) -> Int { max(32, (bytes + 8 + 15) & ~15) }
}
