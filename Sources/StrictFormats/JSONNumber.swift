/// The number grammar of RFC 8259, section 6.
enum JSONNumber {
    /// Parses the number at `position`: an integer if it fits into 64 bits, otherwise its text. `-0` is kept as text,
    /// because as an integer it would lose its sign.
    static func read(_ bytes: Span<UInt8>, at position: inout Int) throws(JSONError) -> JSONValue {
        let start = position
        let negative = bytes[position] == UInt8(ascii: "-")
        if negative { position += 1 }

        let digits = position
        // Accumulated as a negative number, because `Int64.min` has no positive counterpart.
        var negated: Int64 = 0
        var fits = true
        while position < bytes.count, let digit = digit(bytes[position]) {
            let (product, tooLong) = negated.multipliedReportingOverflow(by: 10)
            let (sum, tooLow) = product.subtractingReportingOverflow(Int64(digit))
            fits = fits && !tooLong && !tooLow
            negated = sum
            position += 1
        }
        guard position > digits else { throw error(position, "a digit is expected here") }
        guard bytes[digits] != UInt8(ascii: "0") || position == digits + 1 else {
            throw error(digits, "a number must not have leading zeros")
        }

        let isInteger = try !skipFractionAndExponent(bytes, at: &position)
        if isInteger, fits {
            if negative, negated != 0 { return .integer(negated) }
            if !negative, negated != .min { return .integer(-negated) }
        }
        return .decimal(
            bytes.extracting(start..<position).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }

    /// Skips a fraction and an exponent. Returns `false` if there is neither.
    private static func skipFractionAndExponent(
        _ bytes: Span<UInt8>, at position: inout Int
    ) throws(JSONError) -> Bool {
        let start = position
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try skipDigits(bytes, at: &position)
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try skipDigits(bytes, at: &position)
        }
        return position > start
    }

    private static func skipDigits(_ bytes: Span<UInt8>, at position: inout Int) throws(JSONError) {
        let start = position
        while position < bytes.count, digit(bytes[position]) != nil { position += 1 }
        guard position > start else { throw error(position, "a digit is expected here") }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        let value = byte &- UInt8(ascii: "0")
        return value < 10 ? value : nil
    }

    private static func error(_ offset: Int, _ message: String) -> JSONError {
        JSONError(code: .syntax, offset: offset, message: message)
    }
}
