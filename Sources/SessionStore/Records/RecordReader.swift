import SessionCore

/// A record whose seal was right and whose content is not: written by a later version, or by a defect.
struct MalformedRecord: Error {
    let reason: String
}

/// Reads what `RecordWriter` wrote, field by field in the same order.
struct RecordReader {
    private let content: [UInt8]
    private var position = 0

    init(_ content: [UInt8]) {
        self.content = content
    }

    /// Whether there is nothing more: what a later version appended is not there.
    var isAtEnd: Bool { position == content.count }

    mutating func bytes() throws(MalformedRecord) -> ArraySlice<UInt8> {
        try take(try length())
    }

    mutating func text() throws(MalformedRecord) -> String {
        guard let text = String(validating: try bytes(), as: UTF8.self) else {
            throw MalformedRecord(reason: "a text of the record is not UTF-8")
        }
        return text
    }

    mutating func integer() throws(MalformedRecord) -> Int64 {
        var bits: UInt64 = 0
        for byte in try take(8).reversed() { bits = bits << 8 | UInt64(byte) }
        return Int64(bitPattern: bits)
    }

    /// No moment is past this, in either direction: far beyond the longest life that a policy can give, and so that what
    /// rules add to it does not overflow.
    private static let farthest: Int64 = 1 << 53

    mutating func moment() throws(MalformedRecord) -> Timestamp {
        let milliseconds = try integer()
        guard (-Self.farthest...Self.farthest).contains(milliseconds) else {
            throw MalformedRecord(reason: "a moment of the record is none")
        }
        return Timestamp(milliseconds: milliseconds)
    }

    /// A count of something, a generation, a number of seconds: what a command can bring about fits 32 bits.
    mutating func count() throws(MalformedRecord) -> Int {
        guard let count = UInt32(exactly: try integer()) else {
            throw MalformedRecord(reason: "a number of the record makes no sense")
        }
        return Int(count)
    }

    /// The number of an event among its subject's.
    mutating func sequence() throws(MalformedRecord) -> Int64 {
        let sequence = try integer()
        guard (0...Self.farthest).contains(sequence) else {
            throw MalformedRecord(reason: "an event's number makes no sense")
        }
        return sequence
    }

    mutating func double() throws(MalformedRecord) -> Double {
        let number = Double(bitPattern: UInt64(bitPattern: try integer()))
        guard number.isFinite else { throw MalformedRecord(reason: "a number of the record is none") }
        return number
    }

    mutating func optional<Value>(
        _ read: (inout RecordReader) throws(MalformedRecord) -> Value
    ) throws(MalformedRecord) -> Value? {
        switch try take(1).first {
        case 0: return nil
        case 1: return try read(&self)
        default: throw MalformedRecord(reason: "a field of the record is neither there nor absent")
        }
    }

    /// At most 1024 values: no record has a longer list.
    mutating func list<Value>(
        _ read: (inout RecordReader) throws(MalformedRecord) -> Value
    ) throws(MalformedRecord) -> [Value] {
        let count = try integer()
        guard (0...1024).contains(count) else { throw MalformedRecord(reason: "no record has a list of \(count)") }
        var values: [Value] = []
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
        let bytes = try bytes()
        guard bytes.count == TokenDigest.length else { throw MalformedRecord(reason: "a digest has a wrong length") }
        return TokenDigest(bytes: Array(bytes))
    }

    private mutating func take(_ count: Int) throws(MalformedRecord) -> ArraySlice<UInt8> {
        guard count <= content.count - position else { throw MalformedRecord(reason: "the record is cut short") }
        defer { position += count }
        return content[position..<position + count]
    }

    private mutating func length() throws(MalformedRecord) -> Int {
        var length = 0
        for shift in stride(from: 0, through: 28, by: 7) {
            guard let byte = try take(1).first else { break }
            length |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return length }
        }
        throw MalformedRecord(reason: "a length in the record makes no sense")
    }
}
