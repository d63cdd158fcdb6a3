/// Base64 with the URL-safe alphabet and without padding (RFC 4648, section 5), which Foundation lacks.
///
/// Encoding never indexes a table by a secret, so its timing reveals nothing. The work is done on spans: through the protocols of
/// collections, which other modules would use, a byte takes ten times as long.
package enum Base64URL {
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the encoding of `bytes`.
    package static func append(_ bytes: some Collection<UInt8>, to text: inout [UInt8]) {
        let isAppended: Void? = bytes.withContiguousStorageIfAvailable { append($0.span, to: &text) }
        if isAppended == nil { append(Array(bytes).span, to: &text) }
    }

    /// Decodes `text`; `nil` unless it is canonical base64url.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        text.withContiguousStorageIfAvailable { decode($0.span) } ?? decode(Array(text).span)
    }

    private static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        text.append(addingCapacity: (bytes.count * 4 + 2) / 3) { (text: inout OutputSpan<UInt8>) in
            var buffer: UInt32 = 0
            var bits: UInt32 = 0
            for index in bytes.indices {
                buffer = buffer << 8 | UInt32(bytes[index])
                bits += 8
                while bits >= 6 {
                    bits -= 6
                    text.append(character(UInt8(buffer >> bits & 63)))
                }
            }
            if bits > 0 { text.append(character(UInt8(buffer << (6 - bits) & 63))) }
        }
    }

    private static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits = 0
        for index in text.indices {
            guard let value = value(text[index]) else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        guard bits < 6, buffer & (1 << UInt32(bits) - 1) == 0 else { return nil }
        return bytes
    }

    /// The character for six bits, computed with masks: each range contributes its offset if the value lies in it.
    private static func character(_ value: UInt8) -> UInt8 {
        let value = Int16(value)
        var character = value + 65
        character += (25 - value) >> 15 & 6
        character -= (51 - value) >> 15 & 75
        character -= (61 - value) >> 15 & 13
        character += (62 - value) >> 15 & 49
        return UInt8(character)
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
