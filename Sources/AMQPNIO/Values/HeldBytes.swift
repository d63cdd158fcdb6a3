extension AMQPDelivery {
    /// The memory this delivery takes while it is kept, in bytes: body, routing key, properties and headers as Swift
    /// values, including the allocator's overhead.
    ///
    /// The size of a message on the wire says little about this: a header of 2 bytes becomes an entry of 40. This is an
    /// estimate that a test compares with the process's memory. It counts exchange and routing key in full, although
    /// consecutive deliveries usually share them. It visits all headers, so compute it once and keep the result.
    package var heldBytes: Int {
        MemoryLayout<AMQPDelivery>.stride + exchange.heldBytes + routingKey.heldBytes + body.storageBytes
            + properties.heldBytes
    }
}

extension AMQPProperties {
    /// The memory of the properties, in bytes; see ``AMQPDelivery/heldBytes``.
    var heldBytes: Int {
        let fields = fields
        var bytes = Allocation.object(MemoryLayout<Fields>.stride)
        bytes += fields.contentType.heldBytes + fields.contentEncoding.heldBytes + fields.correlationID.heldBytes
        bytes += fields.replyTo.heldBytes + fields.expiration.heldBytes + fields.messageID.heldBytes
        bytes += fields.type.heldBytes + fields.userID.heldBytes + fields.appID.heldBytes + fields.clusterID.heldBytes
        bytes += fields.headers?.heldBytes ?? 0
        guard !fields.unreadable.isEmpty else { return bytes }
        return bytes
            + fields.unreadable.reduce(fields.unreadable.storageBytes) { $0 + $1.bytes.storageBytes }
    }
}

extension AMQPTable {
    /// The memory of the table, in bytes, excluding its reference; see ``AMQPDelivery/heldBytes``.
    var heldBytes: Int {
        entries.reduce(entries.storageBytes) { $0 + $1.name.heldBytes + $1.value.heldBytes }
    }
}

extension AMQPValue {
    /// The memory that the value references, in bytes.
    fileprivate var heldBytes: Int {
        switch self {
        case .string(let text): text.heldBytes
        case .opaqueString(let bytes), .bytes(let bytes): bytes.storageBytes
        case .array(let values): values.reduce(values.storageBytes) { $0 + $1.heldBytes }
        case .table(let table): table.heldBytes
        case .bool, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float, .double, .decimal,
            .timestamp, .void:
            0
        }
    }
}

extension String {
    /// A text of up to 15 bytes is stored inline; a longer one in an object, with a trailing zero.
    fileprivate var heldBytes: Int {
        let count = utf8.count
        return count <= 15 ? 0 : Allocation.buffer(count + 1)
    }
}

extension String? {
    fileprivate var heldBytes: Int { self?.heldBytes ?? 0 }
}

extension Array {
    /// The size of the array's storage, in bytes. The decoder reserves what an array needs, and no more. Its `capacity` is
    /// what the allocator happened to return, so the same delivery would count differently from one time to the next.
    fileprivate var storageBytes: Int {
        isEmpty ? 0 : Allocation.buffer(count * MemoryLayout<Element>.stride)
    }
}

/// The allocator's cost of an object.
private enum Allocation {
    /// A class instance: preceded by its type and reference counts.
    static func object(_ bytes: Int) -> Int { rounded(16 + bytes) }

    /// The storage of an array or a string: type and reference counts, then count and capacity.
    static func buffer(_ bytes: Int) -> Int { rounded(32 + bytes) }

    /// glibc adds a prefix of 8 bytes, rounds to multiples of 16, and allocates at least 32.
    private static func rounded(_ bytes: Int) -> Int { max(32, (bytes + 8 + 15) & ~15) }
}
