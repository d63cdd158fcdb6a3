import SessionContract
package import SessionCore

/// The parts of an audit log's line that chain it to others. Any bytes may be parsed; see ``AuditChain`` for the form.
package struct AuditLine: Sendable {
    static let sequenceKey = Array(#","sequence":"#.utf8)
    static let previousKey = Array(#","previous":""#.utf8)
    static let hashKey = Array(#","hash":""#.utf8)
    static let end = Array(#""}"#.utf8)
    /// A record is much shorter: at most a subject, an actor and five ids. In bytes.
    package static let maxLength = 256 * 1024

    /// The beginning of every line, before its time.
    private static let start = Array(#"{"version":1,"time":""#.utf8)
    private static let timeLength = 24
    /// Nine digits would be enough for years; eighteen cannot overflow.
    private static let maxDigits = 18

    package let sequence: Int64
    package let previous: AuditHash
    package let hash: AuditHash
    package let time: Timestamp
    /// Bytes before `,"hash"`.
    let hashedLength: Int

    package var place: AuditPlace { AuditPlace(sequence: sequence, hash: hash) }

    /// Whether a chain begins with it.
    package var isFirst: Bool { follows(.beginning) }

    package func follows(_ place: AuditPlace) -> Bool {
        sequence == place.sequence + 1 && previous == place.hash
    }

    /// - Parameter line: without its line feed.
    init?(_ line: ArraySlice<UInt8>) {
        guard line.count <= Self.maxLength, line.starts(with: Self.start) else { return nil }
        let timeText = line.dropFirst(Self.start.count).prefix(Self.timeLength)
        guard let time = Timestamp(rfc3339: String(decoding: timeText, as: UTF8.self)) else { return nil }
        var rest = line
        guard Self.takeLast(Self.end, of: &rest), let hash = Self.takeHash(of: &rest),
            Self.takeLast(Self.hashKey, of: &rest)
        else { return nil }
        hashedLength = rest.count
        guard Self.takeLast([UInt8(ascii: "\"")], of: &rest), let previous = Self.takeHash(of: &rest),
            Self.takeLast(Self.previousKey, of: &rest), let sequence = Self.takeNumber(of: &rest),
            Self.takeLast(Self.sequenceKey, of: &rest)
        else { return nil }
        self.time = time
        self.hash = hash
        self.previous = previous
        self.sequence = sequence
    }

    private static func takeLast(_ bytes: [UInt8], of rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.suffix(bytes.count).elementsEqual(bytes) else { return false }
        rest.removeLast(bytes.count)
        return true
    }

    private static func takeHash(of rest: inout ArraySlice<UInt8>) -> AuditHash? {
        guard let hash = AuditHash(text: rest.suffix(AuditHash.textLength)) else { return nil }
        rest.removeLast(AuditHash.textLength)
        return hash
    }

    /// A number without leading zeros, at least 1.
    private static func takeNumber(of rest: inout ArraySlice<UInt8>) -> Int64? {
        let digits = rest.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...maxDigits).contains(digits.count), digits.last != UInt8(ascii: "0") else { return nil }
        rest.removeLast(digits.count)
        return digits.reversed().reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
}

extension AuditLine {
    /// How many bytes of a torn line before it a record accounts for: a worker writes such a record when it finds that
    /// its predecessor was killed while it wrote. `nil` for any other record.
    ///
    /// - Parameter line: the record's line, already verified.
    static func tornBytes(in line: ArraySlice<UInt8>) -> Int? {
        guard case .object(let record) = try? JSONReader.read(Array(line)), record["type"] == .string("log"),
            case .integer(let count) = record["tornBytes"]
        else { return nil }
        return Int(count)
    }
}
