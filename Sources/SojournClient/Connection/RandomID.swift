/// Ids of messages: 120 random bits in lower-case hexadecimal.
enum RandomID {
    static func make() -> String {
        let digits: StaticString = "0123456789abcdef"
        var bits = UInt128.random(in: .min ... .max)
        return String(unsafeUninitializedCapacity: 30) { buffer in
            for index in 0..<30 {
                buffer[index] = digits.utf8Start[Int(truncatingIfNeeded: bits & 15)]
                bits >>= 4
            }
            return 30
        }
    }
}
