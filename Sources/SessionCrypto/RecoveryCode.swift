/// The text of recovery codes: `xxxxx-xxxxx` in the 32 digits and letters of Crockford's base32, which omits I, L, O
/// and U. That is 50 bits per code.
enum RecoveryCode {
    static let length = 10

    /// - Parameter entropy: `length` random bytes; five bits of each are used.
    static func text(_ entropy: some Collection<UInt8>) -> String {
        var text = entropy.map { character($0 & 31) }
        text.insert(UInt8(ascii: "-"), at: length / 2)
        return String(decoding: text, as: UTF8.self)
    }

    /// Normalizes a typed code for hashing: lowercase, without separators, and with letters outside the alphabet
    /// replaced by the digits they are mistaken for.
    static func normalized(_ typed: String) -> [UInt8] {
        TypedCode.withoutSeparators(typed).lowercased().utf8.map { character in
            switch character {
            case UInt8(ascii: "i"), UInt8(ascii: "l"): UInt8(ascii: "1")
            case UInt8(ascii: "o"): UInt8(ascii: "0")
            default: character
            }
        }
    }

    /// The character for five bits, computed with masks: starting at `0`, plus one for each omitted letter.
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
