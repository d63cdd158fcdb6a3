/// Checks an encoded table before rabbitmq-c decodes it.
///
/// `amqp_decode_table` recurses as deep as the bytes say, and rejects a whole frame because of one unknown type, after
/// which the connection must be dropped. Any publisher can set headers, so either would let one message take the worker
/// down, again at each redelivery. Whatever this scan accepts, rabbitmq-c decodes.
///
/// Safe: the bytes are borrowed for one call of ``accepts(_:)``, and every index is checked against their end.
@safe struct TableScan {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private var values = 0

    private init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = unsafe bytes }

    /// Whether `bytes`, a table without its length prefix, is well formed and within ``AMQPLimits/tableDepth`` and
    /// ``AMQPLimits/tableValues``.
    static func accepts(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var scan = unsafe TableScan(bytes)
        return scan.table(until: bytes.count, depth: 1)
    }

    private mutating func table(until end: Int, depth: Int) -> Bool {
        guard depth <= AMQPLimits.tableDepth else { return false }
        while offset < end {
            guard skip(1 + Int(unsafe bytes[offset]), until: end), value(until: end, depth: depth) else { return false }
        }
        return true
    }

    private mutating func array(until end: Int, depth: Int) -> Bool {
        guard depth <= AMQPLimits.tableDepth else { return false }
        while offset < end {
            guard value(until: end, depth: depth) else { return false }
        }
        return true
    }

    private mutating func value(until end: Int, depth: Int) -> Bool {
        values += 1
        guard offset < end, values <= AMQPLimits.tableValues else { return false }
        let kind = unsafe bytes[offset]
        offset += 1
        switch kind {
        case UInt8(ascii: "V"): return true
        case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): return skip(1, until: end)
        case UInt8(ascii: "s"), UInt8(ascii: "u"): return skip(2, until: end)
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): return skip(4, until: end)
        case UInt8(ascii: "D"): return skip(5, until: end)
        case UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "d"), UInt8(ascii: "T"): return skip(8, until: end)
        case UInt8(ascii: "S"), UInt8(ascii: "x"):
            guard let length = length(until: end) else { return false }
            return skip(length, until: end)
        case UInt8(ascii: "F"):
            guard let length = length(until: end) else { return false }
            return table(until: offset + length, depth: depth + 1)
        case UInt8(ascii: "A"):
            guard let length = length(until: end) else { return false }
            return array(until: offset + length, depth: depth + 1)
        default: return false
        }
    }

    private mutating func skip(_ count: Int, until end: Int) -> Bool {
        guard count <= end - offset else { return false }
        offset += count
        return true
    }

    /// Reads a length and checks that it stays within the remaining bytes.
    private mutating func length(until end: Int) -> Int? {
        guard end - offset >= 4 else { return nil }
        let length = Int(UInt32(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        offset += 4
        return length <= end - offset ? length : nil
    }
}
