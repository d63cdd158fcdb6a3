import SessionCore

/// How the numbers of a record are written.
enum RecordFormat {
    /// Eight bytes each, little-endian.
    case wide
    /// As few bytes as each needs (zigzag, LEB128), and moments as the difference from the record's own. A session takes
    /// two thirds of the bytes.
    case compact

    /// How a compact record begins. A wide record of the same kind begins with a text that is never empty.
    static let compactMark: [UInt8] = [0, 2]
}

/// Writes a record: its fields in sequence, in an order that never changes. A later version appends its fields at the
/// end. Earlier versions do not interpret them, but keep them when they write the record again.
///
/// Not JSON: a record is read on every command, and this format costs a fraction of parsing JSON.
struct RecordWriter {
    private(set) var bytes: [UInt8] = []
    private let format: RecordFormat
    /// What moments are counted from.
    private var origin: Int64 = 0

    init(capacity: Int = 512, format: RecordFormat = .wide) {
        self.format = format
        bytes.reserveCapacity(capacity)
        switch format {
        case .wide: break
        case .compact: bytes += RecordFormat.compactMark
        }
    }

    /// What a later version appended, see `RecordReader`.
    mutating func laterFields(_ fields: [UInt8]) {
        bytes += fields
    }

    /// A length and that many bytes.
    mutating func bytes(_ content: some Collection<UInt8>) {
        variable(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    mutating func digest(_ digest: TokenDigest) {
        digest.withUnsafeBytes { bytes($0) }
    }

    /// LEB128: seven bits a byte, the lowest first.
    private mutating func variable(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func text(_ text: String) {
        bytes(text.utf8)
    }

    mutating func text(_ text: ExactText) {
        bytes(text.text.utf8)
    }

    mutating func integer(_ number: Int64) {
        switch format {
        case .wide: wide(number)
        // Zigzag: small negative numbers stay small.
        case .compact: variable(UInt64(bitPattern: number << 1 ^ number >> 63))
        }
    }

    private mutating func wide(_ number: Int64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func moment(_ moment: Timestamp) {
        integer(moment.milliseconds &- origin)
    }

    /// The record's own moment: in the compact format, those that follow are counted from it.
    mutating func ownMoment(_ moment: Timestamp) {
        self.moment(moment)
        if format == .compact { origin = moment.milliseconds }
    }

    mutating func double(_ number: Double) {
        wide(Int64(bitPattern: number.bitPattern))
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
