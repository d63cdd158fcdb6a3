/// Bytes with the escapes of JSON, URLs and XML undone, layer by layer, and without zero bytes, so that a credential is
/// found however it is escaped. Each byte knows its position in the raw bytes.
struct DecodedView {
    /// JSON in a JSON string in a URL makes three layers. More do not happen by mistake.
    private static let maxLayers = 4

    private(set) var bytes: [UInt8]
    /// The raw position of each byte, followed by the raw end; `nil` if nothing was decoded.
    private var starts: [Int]?

    init(_ raw: [UInt8]) {
        bytes = raw
        let mayBeEscaped = raw.contains {
            $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "&") || $0 == 0
        }
        guard mayBeEscaped else { return }
        starts = Array(0...raw.count)
        for _ in 0..<Self.maxLayers {
            guard undoLayer() else { return }
        }
    }

    var count: Int { bytes.count }

    /// The raw range of a decoded range.
    func raw(_ range: Range<Int>) -> Range<Int> {
        guard let starts else { return range }
        return starts[range.lowerBound]..<starts[range.upperBound]
    }

    /// How many raw bytes a decoded byte takes up. A quote inside a quoted text takes up more than the quotes around
    /// it.
    func rawLength(at index: Int) -> Int {
        guard let starts else { return 1 }
        return starts[index + 1] - starts[index]
    }

    /// Undoes every escape once. Returns `false` if there was none.
    private mutating func undoLayer() -> Bool {
        guard let before = starts else { return false }
        var decoded: [UInt8] = []
        var starts: [Int] = []
        decoded.reserveCapacity(bytes.count)
        starts.reserveCapacity(bytes.count + 1)
        var index = 0
        while index < bytes.count {
            if let escape = escape(at: index) {
                if let byte = escape.byte {
                    decoded.append(byte)
                    starts.append(before[index])
                }
                index += escape.length
            } else {
                decoded.append(bytes[index])
                starts.append(before[index])
                index += 1
            }
        }
        guard decoded.count < bytes.count else { return false }
        starts.append(before[bytes.count])
        bytes = decoded
        self.starts = starts
        return true
    }

    /// The escape of an ASCII character at `index`. `byte` is `nil` if the escape produces nothing.
    private func escape(at index: Int) -> (byte: UInt8?, length: Int)? {
        switch bytes[index] {
        case 0: (nil, 1)
        case UInt8(ascii: "\\"): escapeOfJSON(at: index)
        case UInt8(ascii: "%"): number(at: index + 1, digits: 2, radix: 16).map { ($0, 3) }
        case UInt8(ascii: "&"): escapeOfXML(at: index)
        default: nil
        }
    }

    private func escapeOfJSON(at index: Int) -> (byte: UInt8?, length: Int)? {
        guard index + 1 < bytes.count else { return nil }
        return switch bytes[index + 1] {
        case UInt8(ascii: "u"): number(at: index + 2, digits: 4, radix: 16).map { ($0, 6) }
        case UInt8(ascii: "x"): number(at: index + 2, digits: 2, radix: 16).map { ($0, 4) }
        case UInt8(ascii: "n"): (UInt8(ascii: "\n"), 2)
        case UInt8(ascii: "r"): (UInt8(ascii: "\r"), 2)
        case UInt8(ascii: "t"): (UInt8(ascii: "\t"), 2)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "/"): (bytes[index + 1], 2)
        default: nil
        }
    }

    private func escapeOfXML(at index: Int) -> (byte: UInt8?, length: Int)? {
        if bytes[index...].starts(with: "&quot;".utf8) { return (UInt8(ascii: "\""), 6) }
        guard index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "#"),
            let end = bytes[index...].prefix(8).firstIndex(of: UInt8(ascii: ";"))
        else { return nil }
        let isHexadecimal = bytes[index + 2] | 0x20 == UInt8(ascii: "x")
        let start = index + (isHexadecimal ? 3 : 2)
        guard start < end else { return nil }
        return number(at: start, digits: end - start, radix: isHexadecimal ? 16 : 10).map { ($0, end + 1 - index) }
    }

    /// An ASCII character, except NUL, given by its code.
    private func number(at start: Int, digits: Int, radix: UInt8) -> UInt8? {
        guard digits > 0, start + digits <= bytes.count else { return nil }
        var number = 0
        for byte in bytes[start..<start + digits] {
            guard let digit = Self.digit(byte), digit < radix else { return nil }
            number = number * Int(radix) + Int(digit)
            guard number < 0x80 else { return nil }
        }
        return number > 0 ? UInt8(number) : nil
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
