/// The string grammar of RFC 8259, section 7.
enum JSONText {
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    /// Parses the string whose opening quote is at `position`.
    static func read(_ bytes: Span<UInt8>, at position: inout Int) throws(JSONError) -> String {
        let start = position + 1
        let run = try plainRun(bytes, from: start)
        position = run.end
        guard bytes[position] == backslash else {
            let plain = bytes.extracting(start..<position)
            let text = run.isASCII ? String(ascii: plain) : String(utf8: plain)
            position += 1
            return try checked(text, startingAt: start)
        }
        return try readWithEscapes(bytes, at: &position, startingAt: start)
    }

    /// Continues at the first backslash, `position`.
    private static func readWithEscapes(
        _ bytes: Span<UInt8>, at position: inout Int, startingAt start: Int
    ) throws(JSONError) -> String {
        var unescaped: [UInt8] = []
        unescaped.reserveCapacity(position - start + 32)
        var runStart = start
        while true {
            bytes.extracting(runStart..<position).withUnsafeBufferPointer { unescaped.append(contentsOf: $0) }
            if bytes[position] == quote { break }
            try appendEscaped(bytes, at: &position, to: &unescaped)
            runStart = position
            position = try plainRun(bytes, from: position).end
        }
        position += 1
        return try checked(String(utf8: unescaped.span), startingAt: start)
    }

    /// Everything up to the next quote or backslash.
    private static func plainRun(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> PlainRun {
        let run = PlainRun(in: bytes, from: start)
        guard run.end < bytes.count else {
            throw JSONError(code: .syntax, offset: run.end, message: "the text ends within a string")
        }
        guard bytes[run.end] >= 0x20 else {
            throw JSONError(code: .syntax, offset: run.end, message: "a control character must be escaped")
        }
        return run
    }

    private static func checked(_ text: String?, startingAt start: Int) throws(JSONError) -> String {
        guard let text else {
            throw JSONError(code: .invalidUTF8, offset: start, message: "this string is not UTF-8")
        }
        return text
    }
}

// MARK: - Escapes

extension JSONText {
    /// Parses the escape whose backslash is at `position`.
    private static func appendEscaped(
        _ bytes: Span<UInt8>, at position: inout Int, to unescaped: inout [UInt8]
    ) throws(JSONError) {
        guard position + 1 < bytes.count else {
            throw JSONError(code: .syntax, offset: bytes.count, message: "the text ends within a string")
        }
        switch bytes[position + 1] {
        case quote: unescaped.append(quote)
        case backslash: unescaped.append(backslash)
        case UInt8(ascii: "/"): unescaped.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"):
            unescaped.append(contentsOf: UTF8.encode(try escapedScalar(bytes, at: &position))!)
            return
        default:
            throw JSONError(code: .syntax, offset: position, message: "this escape does not exist")
        }
        position += 2
    }

    /// Parses `\uXXXX`, or two of them that form a surrogate pair. A lone surrogate is rejected, because UTF-8 cannot
    /// represent it.
    private static func escapedScalar(_ bytes: Span<UInt8>, at position: inout Int) throws(JSONError) -> Unicode.Scalar
    {
        let start = position
        let first = try escapedUnit(bytes, at: &position)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), position + 1 < bytes.count,
            bytes[position] == backslash, bytes[position + 1] == UInt8(ascii: "u")
        else { throw loneSurrogate(start) }
        let second = try escapedUnit(bytes, at: &position)
        guard UTF16.isTrailSurrogate(second) else { throw loneSurrogate(start) }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private static func loneSurrogate(_ offset: Int) -> JSONError {
        JSONError(code: .syntax, offset: offset, message: "half of a surrogate pair is not a character")
    }

    /// Parses the four hexadecimal digits of the escape at `position`.
    private static func escapedUnit(_ bytes: Span<UInt8>, at position: inout Int) throws(JSONError) -> UInt16 {
        guard bytes.count - position >= 6 else {
            throw JSONError(code: .syntax, offset: bytes.count, message: "the text ends within an escape")
        }
        var unit: UInt16 = 0
        for offset in position + 2..<position + 6 {
            guard let digit = hexDigit(bytes[offset]) else {
                throw JSONError(code: .syntax, offset: offset, message: "a hexadecimal digit is expected here")
            }
            unit = unit << 4 | UInt16(digit)
        }
        position += 6
        return unit
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
