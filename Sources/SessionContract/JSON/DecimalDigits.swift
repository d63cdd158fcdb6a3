/// Integers as decimal digits, without an intermediate `String`.
enum DecimalDigits {
    static func append(_ value: Int64, to bytes: inout GrowingBytes) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        // The magnitude, because `Int64.min` has no positive counterpart. It has at most 19 digits.
        var rest = value.magnitude
        var digits: InlineArray<19, UInt8> = InlineArray(repeating: UInt8(ascii: "0"))
        var start = digits.count
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        bytes.append(digits.span.extracting(start..<digits.count))
    }

    /// Writes a number below 100 as two digits at `position`.
    @inline(__always)
    static func putTwo<let size: Int>(_ value: UInt32, into text: inout InlineArray<size, UInt8>, at position: Int) {
        text[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / 10)
        text[position + 1] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10)
    }
}
