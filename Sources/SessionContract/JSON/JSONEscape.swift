import SessionCore

/// Escapes strings (RFC 8259, section 7): only quotes, backslashes and control characters need it.
enum JSONEscape {
    /// Appends `text` in quotes.
    static func append(_ text: String, to bytes: inout GrowingBytes) {
        append(text.utf8.span, to: &bytes)
    }

    private static func append(_ utf8: Span<UInt8>, to bytes: inout GrowingBytes) {
        let end = PlainRun(in: utf8, from: 0).end
        guard end == utf8.count else { return appendEscaped(utf8, plainTo: end, to: &bytes) }
        bytes.append(atMost: utf8.count + 2) { room, end in room.putQuoted(utf8, at: &end) }
    }

    private static func appendEscaped(_ utf8: Span<UInt8>, plainTo firstEnd: Int, to bytes: inout GrowingBytes) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        var end = firstEnd
        while true {
            bytes.append(utf8.extracting(start..<end))
            guard end < utf8.count else { break }
            appendEscape(of: utf8[end], to: &bytes)
            start = end + 1
            end = PlainRun(in: utf8, from: start).end
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendEscape(of byte: UInt8, to bytes: inout GrowingBytes) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(atMost: 5) { room, end in
                room.put("u00".utf8.span, at: &end)
                room.put(hexDigit(byte >> 4), at: &end)
                room.put(hexDigit(byte & 0x0F), at: &end)
            }
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
