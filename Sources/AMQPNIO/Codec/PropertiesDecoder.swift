import CRabbitMQ

/// Decodes the properties of a content header.
struct PropertiesDecoder {
    private let arena: Arena

    init(arena: Arena) { self.arena = arena }

    /// Decodes a property list (AMQP 0-9-1 §4.2.6.1). Text that is not UTF-8 and headers that are unsafe to decode are
    /// marked unreadable; a malformed list is a protocol violation.
    func decode(_ list: UnsafeRawBufferPointer) throws(AMQPError) -> AMQPProperties {
        guard list.count >= 2 else { throw malformed() }
        defer { arena.recycle() }
        var flags = Int32(unsafe list[0]) << 8 | Int32(unsafe list[1])
        var list = unsafe list
        if flags & Self.unusedFlags != 0 {
            guard unsafe isWhole(list, flags) else { throw malformed() }
            flags &= ~Self.unusedFlags
            unsafe list = withFlags(flags, list)
        }
        var unreadable: [AMQPProperties.Unreadable] = []
        var headerBytes: UnsafeRawBufferPointer?
        if flags & AMQP_BASIC_HEADERS_FLAG != 0 {
            let table = try unsafe headers(in: list, flags: flags)
            unsafe headerBytes = UnsafeRawBufferPointer(rebasing: list[table])
            if unsafe !TableScan.accepts(UnsafeRawBufferPointer(rebasing: list[table].dropFirst(4))) {
                unreadable.append(.init(name: .headers, bytes: unsafe Array(list[table])))
                unsafe list = without(table, in: list, flags: flags)
            }
        }
        var decoded: UnsafeMutableRawPointer?
        let bytes = unsafe amqp_bytes_t(len: list.count, bytes: UnsafeMutableRawPointer(mutating: list.baseAddress))
        let status = unsafe amqp_decode_properties(UInt16(AMQP_BASIC_CLASS), arena.pool, bytes, &decoded)
        guard status >= 0, let decoded = unsafe decoded else { throw malformed() }
        var fields = unsafe copy(decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee, unreadable)
        if let headerBytes = unsafe headerBytes, unreadable.isEmpty, fields.headers == nil {
            fields.unreadable.append(.init(name: .headers, bytes: unsafe Array(headerBytes)))
        }
        return AMQPProperties(fields)
    }

    /// Bit 0 announces another word of flags and bit 1 is unused; the basic class has neither. RabbitMQ ignores both
    /// and forwards them unchanged (tried with 3.10), so a message that sets them must not cost us the connection.
    private static let unusedFlags: Int32 = 0b11

    /// Whether the list ends after its properties. Extra bytes, such as another word of flags, are not ours to
    /// interpret.
    private func isWhole(_ list: UnsafeRawBufferPointer, _ flags: Int32) -> Bool {
        var offset = 2
        for bit in stride(from: Int32(15), through: 2, by: -1) where flags & (1 << bit) != 0 {
            switch Int32(1) << bit {
            case AMQP_BASIC_HEADERS_FLAG:
                guard offset + 4 <= list.count else { return false }
                offset += 4 + Int(UInt32(bigEndian: unsafe list.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            case AMQP_BASIC_DELIVERY_MODE_FLAG, AMQP_BASIC_PRIORITY_FLAG: offset += 1
            case AMQP_BASIC_TIMESTAMP_FLAG: offset += 8
            default:
                guard offset < list.count else { return false }
                offset += 1 + Int(unsafe list[offset])
            }
        }
        return offset == list.count
    }

    /// The list with other flags, in the arena.
    private func withFlags(_ flags: Int32, _ list: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let memory = unsafe UnsafeMutableRawBufferPointer(
            start: arena.allocate(UInt8.self, count: list.count), count: list.count)
        unsafe memory.copyBytes(from: list)
        unsafe memory.storeBytes(of: UInt16(truncatingIfNeeded: flags).bigEndian, as: UInt16.self)
        return UnsafeRawBufferPointer(memory)
    }

    private func malformed() -> AMQPError { AMQPError(.protocolViolation, "cannot parse the properties of a message") }

    /// The range of the header table, including its length prefix.
    private func headers(in list: UnsafeRawBufferPointer, flags: Int32) throws(AMQPError) -> Range<Int> {
        var offset = 2
        for flag in [AMQP_BASIC_CONTENT_TYPE_FLAG, AMQP_BASIC_CONTENT_ENCODING_FLAG] where flags & flag != 0 {
            guard offset < list.count else { throw malformed() }
            offset += 1 + Int(unsafe list[offset])
        }
        guard offset + 4 <= list.count else { throw malformed() }
        let length = Int(UInt32(bigEndian: unsafe list.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        guard length <= list.count - offset - 4 else { throw malformed() }
        return offset..<(offset + 4 + length)
    }

    /// The list without its header table, in the arena.
    private func without(_ table: Range<Int>, in list: UnsafeRawBufferPointer, flags: Int32) -> UnsafeRawBufferPointer {
        let count = list.count - table.count
        let memory = unsafe UnsafeMutableRawBufferPointer(start: arena.allocate(UInt8.self, count: count), count: count)
        unsafe memory.copyBytes(from: list[..<table.lowerBound])
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[table.lowerBound...])
            .copyBytes(from: list[table.upperBound...])
        unsafe memory[0] = UInt8(truncatingIfNeeded: (flags & ~AMQP_BASIC_HEADERS_FLAG) >> 8)
        return UnsafeRawBufferPointer(memory)
    }

    private func copy(
        _ source: amqp_basic_properties_t, _ unreadable: [AMQPProperties.Unreadable]
    ) -> AMQPProperties.Fields {
        let flags = Int32(bitPattern: unsafe source._flags)
        var result = AMQPProperties.Fields()
        result.unreadable = unreadable

        func text(_ flag: Int32, _ name: AMQPProperties.Name, _ bytes: amqp_bytes_t) -> String? {
            guard flags & flag != 0 else { return nil }
            if let text = unsafe String(bytes) { return text }
            result.unreadable.append(.init(name: name, bytes: unsafe Array(bytes.buffer)))
            return nil
        }

        result.contentType = unsafe text(AMQP_BASIC_CONTENT_TYPE_FLAG, .contentType, source.content_type)
        result.contentEncoding = unsafe text(
            AMQP_BASIC_CONTENT_ENCODING_FLAG, .contentEncoding, source.content_encoding)
        if flags & AMQP_BASIC_HEADERS_FLAG != 0 { result.headers = unsafe AMQPTable(source.headers) }
        if flags & AMQP_BASIC_DELIVERY_MODE_FLAG != 0 { result.deliveryMode = unsafe source.delivery_mode }
        if flags & AMQP_BASIC_PRIORITY_FLAG != 0 { result.priority = unsafe source.priority }
        result.correlationID = unsafe text(AMQP_BASIC_CORRELATION_ID_FLAG, .correlationID, source.correlation_id)
        result.replyTo = unsafe text(AMQP_BASIC_REPLY_TO_FLAG, .replyTo, source.reply_to)
        result.expiration = unsafe text(AMQP_BASIC_EXPIRATION_FLAG, .expiration, source.expiration)
        result.messageID = unsafe text(AMQP_BASIC_MESSAGE_ID_FLAG, .messageID, source.message_id)
        if flags & AMQP_BASIC_TIMESTAMP_FLAG != 0 { result.timestamp = unsafe source.timestamp }
        result.type = unsafe text(AMQP_BASIC_TYPE_FLAG, .type, source.type)
        result.userID = unsafe text(AMQP_BASIC_USER_ID_FLAG, .userID, source.user_id)
        result.appID = unsafe text(AMQP_BASIC_APP_ID_FLAG, .appID, source.app_id)
        result.clusterID = unsafe text(AMQP_BASIC_CLUSTER_ID_FLAG, .clusterID, source.cluster_id)
        return result
    }
}
