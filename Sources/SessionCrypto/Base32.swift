/// Base32 (RFC 4648, section 6) without padding, as authenticators expect secrets.
///
/// As in `Base64URL`, a secret never indexes a table.
enum Base32 {
    static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 8 + 4) / 5)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(character(UInt8(buffer >> bits & 31)))
            }
        }
        if bits > 0 { text.append(character(UInt8(buffer << (5 - bits) & 31))) }
        return String(decoding: text, as: UTF8.self)
    }

    /// `A`…`Z` for 0…25, `2`…`7` for 26…31: values above 25 subtract an offset.
    private static func character(_ value: UInt8) -> UInt8 {
        let value = Int16(value)
        return UInt8(value + 65 - ((25 - value) >> 15 & 41))
    }
}
