/// The text of recovery codes: `xxxxx-xxxxx` over the 32 digits and letters of Crockford's base32, which has no I, L, O
/// and U. That is 50 bits a code.
enum RecoveryCode {
    static let length = 10

    /// - Parameter entropy: `length` random bytes, of which five bits each count.
    static func text(_ entropy: some Collection<UInt8>) -> String {
        var text = entropy.map { character($0 & 31) }
        text.insert(UInt8(ascii: "-"), at: length / 2)
        return String(decoding: text, as: UTF8.self)
    }

    /// A code as it is hashed, however it was typed: in lower case, without separators, and with the letters it does
    /// not have read as the digits they were taken for.
    static func normalized(_ typed: String) -> [UInt8] {
        TypedCode.withoutSeparators(typed).lowercased().utf8.map { character in
            switch character {
            case UInt8(ascii: "i"), UInt8(ascii: "l"): UInt8(ascii: "1")
            case UInt8(ascii: "o"): UInt8(ascii: "0")
            default: character
            }
        }
    }

    /// The character for five bits, by arithmetic on masks: from `0` on, one more for each letter that is left out.
    private static func character(_ value: UInt8) -> UInt8 {
        let value = Int16(value)
        var character = value + 48
        character += (9 - value) >> 15 & 39
        character += (17 - value) >> 15 & 1
        character += (19 - value) >> 15 & 1
        character += (21 - value) >> 15 & 1
        character += (26 - value) >> 15 & 1
        return UInt8(character)
    }
}
