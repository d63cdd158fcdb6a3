/// A `traceparent` (W3C Trace Context, section 3.2): which trace a message belongs to, and the span that sent it.
package struct TraceParent: Hashable, Sendable {
    /// 16 bytes, not all zero.
    package struct TraceID: Hashable, Sendable {
        package let high: UInt64
        package let low: UInt64

        package init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }

        /// 32 hexadecimal digits.
        package var text: String { Hexadecimal.text(high) + Hexadecimal.text(low) }
    }

    package let traceID: TraceID
    /// Not zero.
    package let spanID: UInt64
    package let flags: UInt8

    /// - Precondition: no id is zero.
    package init(traceID: TraceID, spanID: UInt64, flags: UInt8) {
        precondition(traceID != TraceID(high: 0, low: 0) && spanID != 0, "an id of zero is invalid")
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
    }

    /// Reads `<version>-<trace id>-<span id>-<flags>`, in lower-case hexadecimal. `nil` if that is not all, or if an id is
    /// zero. Any version but `ff` is read: later ones begin like this, and one with more fields is not understood.
    package init?(_ text: String) {
        let utf8 = text.utf8.span
        guard utf8.count == 55, utf8[2] == Self.dash, utf8[35] == Self.dash, utf8[52] == Self.dash,
            let version = Hexadecimal.number(utf8.extracting(0..<2)), version != 0xFF,
            let high = Hexadecimal.number(utf8.extracting(3..<19)),
            let low = Hexadecimal.number(utf8.extracting(19..<35)), high | low != 0,
            let spanID = Hexadecimal.number(utf8.extracting(36..<52)), spanID != 0,
            let flags = Hexadecimal.number(utf8.extracting(53..<55))
        else { return nil }
        self.init(traceID: TraceID(high: high, low: low), spanID: spanID, flags: UInt8(truncatingIfNeeded: flags))
    }

    private static let dash = UInt8(ascii: "-")

    /// Whether the sender may have recorded its span.
    package var isSampled: Bool { flags & Self.sampled != 0 }

    package static let sampled: UInt8 = 1
    /// The trace id is random (level 2).
    package static let random: UInt8 = 2

    /// 16 hexadecimal digits.
    package var spanText: String { Hexadecimal.text(spanID) }

    /// In version 00.
    package var text: String { "00-\(traceID.text)-\(spanText)-\(Hexadecimal.text(flags))" }
}

private enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    /// All digits of a number, leading zeros included.
    static func text<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) -> String {
        let bytes = stride(from: Number.bitWidth - 4, through: 0, by: -4).map { shift in
            digits[Int(truncatingIfNeeded: number >> Number(shift)) & 0xF]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `nil` if one is not a digit in lower case. At most 16 digits.
    static func number(_ text: Span<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for index in text.indices {
            switch text[index] {
            case let byte where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
                number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case let byte where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte):
                number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}
