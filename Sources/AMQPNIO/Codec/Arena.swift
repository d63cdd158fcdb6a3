import CRabbitMQ

/// Memory for one encoding or decoding: rabbitmq-c's own pool, recycled after every frame.
///
/// Everything allocated is valid until the next ``recycle()``, so callers must not keep a pointer beyond the function
/// that requested it. Pages are 4 KiB instead of rabbitmq-c's frame-max, because pages are never freed; anything larger
/// gets its own block, which is.
///
/// Safe to hold: the pool belongs to this object, and what it allocates is marked unsafe where it is used.
@safe final class Arena {
    let pool: UnsafeMutablePointer<amqp_pool_t>
    /// An upper bound on the encoded size of the strings and tables allocated since the last ``recycle()``.
    private(set) var encodedSize = 0

    init() {
        unsafe pool = .allocate(capacity: 1)
        unsafe pool.initialize(to: amqp_pool_t())
        unsafe init_amqp_pool(pool, 4096)
    }

    deinit {
        unsafe empty_amqp_pool(pool)
        unsafe pool.deallocate()
    }

    func recycle() {
        unsafe recycle_amqp_pool(pool)
        encodedSize = 0
    }

    /// Room for `count` values of a C type.
    func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        guard let memory = unsafe amqp_pool_alloc(pool, count * MemoryLayout<T>.stride) else {
            fatalError("out of memory for an AMQP frame")
        }
        return unsafe memory.bindMemory(to: type, capacity: count)
    }

    /// A copy of a text's UTF-8.
    func copy(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { unsafe copy(UnsafeRawBufferPointer($0)) }
    }

    /// A copy of bytes.
    func copy(_ bytes: [UInt8]) -> amqp_bytes_t {
        unsafe bytes.withUnsafeBytes { unsafe copy($0) }
    }

    private func copy(_ bytes: UnsafeRawBufferPointer) -> amqp_bytes_t {
        // 4 for the longest length prefix of a string.
        encodedSize += bytes.count + 4
        guard let source = bytes.baseAddress, bytes.count > 0 else { return unsafe amqp_bytes_t(len: 0, bytes: nil) }
        let memory = unsafe allocate(UInt8.self, count: bytes.count)
        unsafe UnsafeMutableRawPointer(memory).copyMemory(from: source, byteCount: bytes.count)
        return unsafe amqp_bytes_t(len: bytes.count, bytes: memory)
    }

    /// Copies a table into rabbitmq-c's representation.
    func copy(_ table: AMQPTable) throws(AMQPError) -> amqp_table_t {
        try unsafe copy(table, depth: 1)
    }

    private func copy(_ table: AMQPTable, depth: Int) throws(AMQPError) -> amqp_table_t {
        guard depth <= AMQPLimits.tableDepth else {
            throw AMQPError(.invalidMessage, "a table is nested deeper than \(AMQPLimits.tableDepth)")
        }
        encodedSize += 4
        let entries = unsafe allocate(amqp_table_entry_t.self, count: max(table.entries.count, 1))
        for (index, entry) in table.entries.enumerated() {
            // rabbitmq-c writes the length of a longer name modulo 256, which would corrupt the frame.
            guard entry.name.utf8.count <= AMQPLimits.shortString else {
                throw AMQPError(.invalidMessage, "a name in a table is longer than 255 bytes")
            }
            unsafe entries[index] = amqp_table_entry_t(
                key: copy(entry.name), value: try copy(entry.value, depth: depth))
        }
        return unsafe amqp_table_t(num_entries: Int32(table.entries.count), entries: entries)
    }

    private func copy(_ value: AMQPValue, depth: Int) throws(AMQPError) -> amqp_field_value_t {
        // The type byte and the widest number.
        encodedSize += 9
        var field = unsafe amqp_field_value_t()
        func set(_ kind: amqp_field_value_kind_t) { unsafe field.kind = UInt8(kind.rawValue) }
        switch value {
        case .bool(let flag):
            set(AMQP_FIELD_KIND_BOOLEAN)
            unsafe field.value.boolean = flag ? 1 : 0
        case .int8(let number):
            set(AMQP_FIELD_KIND_I8)
            unsafe field.value.i8 = number
        case .uint8(let number):
            set(AMQP_FIELD_KIND_U8)
            unsafe field.value.u8 = number
        case .int16(let number):
            set(AMQP_FIELD_KIND_I16)
            unsafe field.value.i16 = number
        case .uint16(let number):
            set(AMQP_FIELD_KIND_U16)
            unsafe field.value.u16 = number
        case .int32(let number):
            set(AMQP_FIELD_KIND_I32)
            unsafe field.value.i32 = number
        case .uint32(let number):
            set(AMQP_FIELD_KIND_U32)
            unsafe field.value.u32 = number
        case .int64(let number):
            set(AMQP_FIELD_KIND_I64)
            unsafe field.value.i64 = number
        case .uint64(let number):
            set(AMQP_FIELD_KIND_U64)
            unsafe field.value.u64 = number
        case .float(let number):
            set(AMQP_FIELD_KIND_F32)
            unsafe field.value.f32 = number
        case .double(let number):
            set(AMQP_FIELD_KIND_F64)
            unsafe field.value.f64 = number
        case .decimal(let scale, let number):
            set(AMQP_FIELD_KIND_DECIMAL)
            unsafe field.value.decimal = amqp_decimal_t(decimals: scale, value: number)
        case .string(let text):
            set(AMQP_FIELD_KIND_UTF8)
            unsafe field.value.bytes = copy(text)
        case .opaqueString(let bytes):
            set(AMQP_FIELD_KIND_UTF8)
            unsafe field.value.bytes = copy(bytes)
        case .bytes(let bytes):
            set(AMQP_FIELD_KIND_BYTES)
            unsafe field.value.bytes = copy(bytes)
        case .timestamp(let seconds):
            set(AMQP_FIELD_KIND_TIMESTAMP)
            unsafe field.value.u64 = seconds
        case .array(let values):
            set(AMQP_FIELD_KIND_ARRAY)
            guard depth < AMQPLimits.tableDepth else {
                throw AMQPError(.invalidMessage, "a table is nested deeper than \(AMQPLimits.tableDepth)")
            }
            let entries = unsafe allocate(amqp_field_value_t.self, count: max(values.count, 1))
            for (index, element) in values.enumerated() {
                unsafe entries[index] = try copy(element, depth: depth + 1)
            }
            unsafe field.value.array = amqp_array_t(num_entries: Int32(values.count), entries: entries)
        case .table(let table):
            set(AMQP_FIELD_KIND_TABLE)
            unsafe field.value.table = try copy(table, depth: depth + 1)
        case .void:
            set(AMQP_FIELD_KIND_VOID)
        }
        return unsafe field
    }
}
