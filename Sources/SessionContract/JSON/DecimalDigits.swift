/// Integers as decimal digits, without an intermediate `String`.
enum DecimalDigits {
    static func append(_ value: Int64, to bytes: inout [UInt8]) {
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
        digits.span.extracting(start..<digits.count).withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// Writes the last `count` digits of `value` at `position`, with leading zeros.
    static func put<let size: Int>(
        _ value: UInt64, count: Int, into text: inout InlineArray<size, UInt8>, at position: Int
    ) {
        var rest = value
        for index in stride(from: position + count - 1, through: position, by: -1) {
            text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
