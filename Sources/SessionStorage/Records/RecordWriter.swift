import SessionCore

/// Writes a record: its fields in sequence, in an order that never changes. A later version appends its fields at the
/// end, where earlier versions do not read.
///
/// Not JSON: a record is read on every command, and this format costs a fraction of parsing JSON.
struct RecordWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    /// A length (LEB128) and that many bytes.
    mutating func bytes(_ content: some Collection<UInt8>) {
        var length = content.count
        while length >= 0x80 {
            bytes.append(UInt8(length & 0x7f) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        bytes.append(contentsOf: content)
    }

    mutating func text(_ text: String) {
        bytes(text.utf8)
    }

    mutating func text(_ text: ExactText) {
        bytes(text.text.utf8)
    }

    /// Eight bytes, little-endian.
    mutating func integer(_ number: Int64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func moment(_ moment: Timestamp) {
        integer(moment.milliseconds)
    }

    mutating func double(_ number: Double) {
        integer(Int64(bitPattern: number.bitPattern))
    }

    /// A presence byte, then the value if there is one.
    mutating func optional<Value>(_ value: Value?, _ write: (inout RecordWriter, Value) -> Void) {
        bytes.append(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }

    /// The number of values, then each value.
    mutating func list<Value>(_ values: [Value], _ write: (inout RecordWriter, Value) -> Void) {
        integer(Int64(values.count))
        for value in values { write(&self, value) }
    }

    mutating func optional(_ text: String?) {
        optional(text) { $0.text($1) }
    }

    mutating func optional(_ text: ExactText?) {
        optional(text) { $0.text($1) }
    }
}
