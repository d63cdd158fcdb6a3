import SessionCore

/// A record that opened correctly but whose content this version cannot read. Whoever wrote it has the keyring: it was a later
/// version, or a bug.
package struct MalformedRecord: Error {
    let reason: String
}

/// Reads what `RecordWriter` wrote, field by field in the same order.
struct RecordReader {
    private let content: [UInt8]
    private var position = 0
    private let format: RecordFormat
    /// What moments are counted from.
    private var origin: Int64 = 0

    /// A record in the wide format.
    init(_ content: [UInt8]) {
        self.content = content
        format = .wide
    }

    /// A record in either format, of a kind that was first written in the wide one.
    init(ofAnyFormat content: [UInt8]) throws(MalformedRecord) {
        self.content = content
        guard content.first == 0 else {
            format = .wide
            return
        }
        guard content.starts(with: RecordFormat.compactMark) else {
            throw MalformedRecord(reason: "the record has a format that this version does not know")
        }
        format = .compact
        position = RecordFormat.compactMark.count
    }

    /// Whether the record has no more fields: one from an earlier version lacks those that a later version appended.
    var isAtEnd: Bool { position == content.count }

    /// Everything that this version does not know: what a later version appended. An upgrade is gradual, and a worker that
    /// is not upgraded yet must not take from a record what another has written.
    mutating func laterFields() -> [UInt8] {
        defer { position = content.count }
        return Array(content[position...])
    }

    mutating func bytes() throws(MalformedRecord) -> ArraySlice<UInt8> {
        content[try run()]
    }

    /// A length, and the range of that many bytes.
    private mutating func run() throws(MalformedRecord) -> Range<Int> {
        try take(Int(try variable(bits: 35)))
    }

    mutating func text() throws(MalformedRecord) -> String {
        let range = try run()
        guard let text = String(utf8: content.span.extracting(range)) else {
            throw MalformedRecord(reason: "a text in the record is not UTF-8")
        }
        return text
    }

    mutating func integer() throws(MalformedRecord) -> Int64 {
        switch format {
        case .wide: return try wide()
        case .compact:
            let bits = try variable(bits: 64)
            return Int64(bitPattern: bits >> 1 ^ (0 &- (bits & 1)))
        }
    }

    private mutating func wide() throws(MalformedRecord) -> Int64 {
        var bits: UInt64 = 0
        for byte in content[try take(8)].reversed() { bits = bits << 8 | UInt64(byte) }
        return Int64(bitPattern: bits)
    }

    /// The latest and (negated) earliest valid moment: far beyond the longest lifetime a policy allows, and small
    /// enough that adding durations to it cannot overflow.
    private static let farthest: Int64 = 1 << 53

    mutating func moment() throws(MalformedRecord) -> Timestamp {
        let (milliseconds, overflows) = try integer().addingReportingOverflow(origin)
        guard !overflows, (-Self.farthest...Self.farthest).contains(milliseconds) else {
            throw MalformedRecord(reason: "a timestamp in the record is out of range")
        }
        return Timestamp(milliseconds: milliseconds)
    }

    /// The record's own moment, see `RecordWriter`.
    mutating func ownMoment() throws(MalformedRecord) -> Timestamp {
        let moment = try moment()
        if format == .compact { origin = moment.milliseconds }
        return moment
    }

    /// A count, a generation, or a number of seconds. No command can produce one that exceeds 32 bits.
    mutating func count() throws(MalformedRecord) -> Int {
        guard let count = UInt32(exactly: try integer()) else {
            throw MalformedRecord(reason: "a number in the record is out of range")
        }
        return Int(count)
    }

    /// An event's sequence number within its subject.
    mutating func sequence() throws(MalformedRecord) -> Int64 {
        let sequence = try integer()
        guard (0...Self.farthest).contains(sequence) else {
            throw MalformedRecord(reason: "an event's sequence number is out of range")
        }
        return sequence
    }

    mutating func double() throws(MalformedRecord) -> Double {
        let number = Double(bitPattern: UInt64(bitPattern: try wide()))
        guard number.isFinite else { throw MalformedRecord(reason: "a number in the record is not finite") }
        return number
    }

    mutating func optional<Value>(
        _ read: (inout RecordReader) throws(MalformedRecord) -> Value
    ) throws(MalformedRecord) -> Value? {
        switch try byte() {
        case 0: return nil
        case 1: return try read(&self)
        default: throw MalformedRecord(reason: "a presence byte in the record is neither 0 nor 1")
        }
    }

    /// At most 1024 values, longer than any list in a record.
    mutating func list<Value>(
        _ read: (inout RecordReader) throws(MalformedRecord) -> Value
    ) throws(MalformedRecord) -> [Value] {
        let count = try integer()
        guard (0...1024).contains(count) else { throw MalformedRecord(reason: "a list of \(count) is too long") }
        var values: [Value] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    mutating func exactText() throws(MalformedRecord) -> ExactText {
        ExactText(try text())
    }

    mutating func optionalExactText() throws(MalformedRecord) -> ExactText? {
        try optional { reader throws(MalformedRecord) in try reader.exactText() }
    }

    mutating func optionalMoment() throws(MalformedRecord) -> Timestamp? {
        try optional { reader throws(MalformedRecord) in try reader.moment() }
    }

    mutating func digest() throws(MalformedRecord) -> TokenDigest {
        let range = try run()
        guard range.count == TokenDigest.length else { throw MalformedRecord(reason: "a digest has the wrong length") }
        return TokenDigest(content.span.extracting(range).bytes)
    }

    private mutating func take(_ count: Int) throws(MalformedRecord) -> Range<Int> {
        guard count <= content.count - position else { throw MalformedRecord(reason: "the record is truncated") }
        defer { position += count }
        return position..<position + count
    }

    /// A number in LEB128, of at most this many bits.
    private mutating func variable(bits: Int) throws(MalformedRecord) -> UInt64 {
        // Nearly all of them.
        if position < content.count, content[position] < 0x80 { return UInt64(try byte()) }
        var number: UInt64 = 0
        for shift in stride(from: 0, to: bits, by: 7) {
            let byte = try byte()
            guard shift < 63 || byte <= 1 else { break }
            number |= UInt64(byte & 0x7f) << UInt64(shift)
            if byte < 0x80 { return number }
        }
        throw MalformedRecord(reason: "a number in the record is out of range")
    }

    private mutating func byte() throws(MalformedRecord) -> UInt8 {
        guard position < content.count else { throw MalformedRecord(reason: "the record is truncated") }
        defer { position += 1 }
        return content[position]
    }
}
