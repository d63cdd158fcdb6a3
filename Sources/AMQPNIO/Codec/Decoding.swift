import CRabbitMQ

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension amqp_bytes_t {
    var buffer: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: bytes, count: len) }
}

extension String {
    /// The text; nil if the bytes are not UTF-8.
    ///
    /// Decoding repairs invalid UTF-8, so such text differs from its bytes afterwards. `String(validating:as:)` is not
    /// used because it goes through generic metadata on each call, which shows in a profile.
    init?(_ bytes: amqp_bytes_t) {
        self = unsafe String(decoding: bytes.buffer, as: UTF8.self)
        guard unsafe hasBytes(bytes) else { return nil }
    }

    /// Whether the text's UTF-8 equals these bytes.
    func hasBytes(_ bytes: amqp_bytes_t) -> Bool {
        guard unsafe utf8.count == bytes.len else { return false }
        let same = unsafe utf8.withContiguousStorageIfAvailable { own in
            guard let start = own.baseAddress, own.count > 0 else { return true }
            return unsafe memcmp(start, bytes.bytes, own.count) == 0
        }
        // Strings created by Swift are contiguous.
        return unsafe same ?? utf8.elementsEqual(bytes.buffer)
    }

    /// Text written by the broker itself, repaired if necessary: it is displayed, not acted on.
    init(shown bytes: amqp_bytes_t) {
        self = unsafe String(decoding: bytes.buffer, as: UTF8.self)
    }
}

/// Caches the last text decoded at one place in the protocol.
///
/// Exchange, routing key and consumer tag repeat from delivery to delivery. Comparing is cheaper than validating and
/// allocating the same string again.
struct RepeatedText {
    private var last = ""

    /// The text; nil if the bytes are not UTF-8.
    mutating func text(_ bytes: amqp_bytes_t) -> String? {
        if unsafe last.hasBytes(bytes) { return last }
        guard let text = unsafe String(bytes) else { return nil }
        last = text
        return text
    }
}

extension AMQPTable {
    /// Copies a decoded table out of rabbitmq-c's memory; nil if a name is not UTF-8. ``TableScan`` has already limited
    /// the depth.
    init?(_ table: amqp_table_t) {
        self.init()
        entries.reserveCapacity(Int(unsafe table.num_entries))
        for index in 0..<Int(unsafe table.num_entries) {
            let entry = unsafe table.entries[index]
            guard let name = unsafe String(entry.key), let value = unsafe AMQPValue(entry.value) else { return nil }
            entries.append(Entry(name, value))
        }
    }
}

extension AMQPValue {
    init?(_ field: amqp_field_value_t) {
        switch amqp_field_value_kind_t(rawValue: UInt32(unsafe field.kind)) {
        case AMQP_FIELD_KIND_BOOLEAN: self = .bool(unsafe field.value.boolean != 0)
        case AMQP_FIELD_KIND_I8: self = .int8(unsafe field.value.i8)
        case AMQP_FIELD_KIND_U8: self = .uint8(unsafe field.value.u8)
        case AMQP_FIELD_KIND_I16: self = .int16(unsafe field.value.i16)
        case AMQP_FIELD_KIND_U16: self = .uint16(unsafe field.value.u16)
        case AMQP_FIELD_KIND_I32: self = .int32(unsafe field.value.i32)
        case AMQP_FIELD_KIND_U32: self = .uint32(unsafe field.value.u32)
        case AMQP_FIELD_KIND_I64: self = .int64(unsafe field.value.i64)
        case AMQP_FIELD_KIND_U64: self = .uint64(unsafe field.value.u64)
        case AMQP_FIELD_KIND_F32: self = .float(unsafe field.value.f32)
        case AMQP_FIELD_KIND_F64: self = .double(unsafe field.value.f64)
        case AMQP_FIELD_KIND_DECIMAL:
            self = .decimal(scale: unsafe field.value.decimal.decimals, value: unsafe field.value.decimal.value)
        case AMQP_FIELD_KIND_UTF8:
            if let text = unsafe String(field.value.bytes) {
                self = .string(text)
            } else {
                self = unsafe .opaqueString(Array(field.value.bytes.buffer))
            }
        case AMQP_FIELD_KIND_BYTES: self = unsafe .bytes(Array(field.value.bytes.buffer))
        case AMQP_FIELD_KIND_TIMESTAMP: self = .timestamp(unsafe field.value.u64)
        case AMQP_FIELD_KIND_ARRAY:
            var values: [AMQPValue] = []
            values.reserveCapacity(Int(unsafe field.value.array.num_entries))
            for index in 0..<Int(unsafe field.value.array.num_entries) {
                guard let value = unsafe AMQPValue(field.value.array.entries[index]) else { return nil }
                values.append(value)
            }
            self = .array(values)
        case AMQP_FIELD_KIND_TABLE:
            guard let table = unsafe AMQPTable(field.value.table) else { return nil }
            self = .table(table)
        case AMQP_FIELD_KIND_VOID: self = .void
        default: return nil
        }
    }
}
