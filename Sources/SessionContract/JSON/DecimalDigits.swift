/// Integers as decimal digits, without a `String` in between.
enum DecimalDigits {
    static func append(_ value: Int64, to bytes: inout [UInt8]) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        // The magnitude: the least Int64 has no positive counterpart.
        let magnitude = value.magnitude
        var count = 1
        var power: UInt64 = 10
        // 19 digits are the most that a magnitude of 63 bits and one can have, and 10^19 still fits.
        while count < 19, magnitude >= power {
            count += 1
            power *= 10
        }
        append(magnitude, count: count, to: &bytes)
    }

    /// Appends the last `count` digits of `value`, zeros in front where it has fewer.
    static func append(_ value: UInt64, count: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        for _ in 0..<count { bytes.append(UInt8(ascii: "0")) }
        var rest = value
        for index in stride(from: start + count - 1, through: start, by: -1) {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
            bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remainder)
            rest = quotient
        }
    }
}
