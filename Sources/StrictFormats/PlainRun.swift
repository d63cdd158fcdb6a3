/// The beginning of a string that stands for itself in JSON: up to a quote, a backslash or a control character (RFC
/// 8259, section 7).
///
/// Eight bytes are examined at once, which takes 25 instructions instead of 50 in a loop over bytes.
package struct PlainRun {
    /// The index of the first byte that does not belong to it, or the end of the bytes.
    package let end: Int
    package let isASCII: Bool

    package init(in bytes: Span<UInt8>, from start: Int) {
        var seen: UInt64 = 0
        var index = start
        while index <= bytes.count - 8 {
            if let plain = Self.plainBytes(in: Self.word(bytes, at: index), &seen) {
                self.init(end: index + plain, seen)
                return
            }
            index += 8
        }
        if index < bytes.count, index > start {
            // The last eight bytes, some of which were examined before.
            let last = bytes.count - 8
            let plain = Self.plainBytes(in: Self.word(bytes, at: last), &seen)
            self.init(end: last + (plain ?? 8), seen)
            return
        }
        if bytes.count - index >= 4 {
            let beginning = bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt32.self)
            let end = bytes.bytes.unsafeLoadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)
            let word = UInt64(beginning) | UInt64(end) << 32
            if Self.marks(in: word) == 0 {
                self.init(end: bytes.count, seen | word)
                return
            }
        }
        while index < bytes.count, Self.isPlain(bytes[index]) {
            seen |= UInt64(bytes[index])
            index += 1
        }
        self.init(end: index, seen)
    }

    private init(end: Int, _ seen: UInt64) {
        self.end = end
        isASCII = seen & 0x8080_8080_8080_8080 == 0
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    // MARK: Eight bytes at once

    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, at index: Int) -> UInt64 {
        UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// The number of plain bytes before the first that is not, or `nil` if all are. Adds the plain ones to `seen`.
    @inline(__always)
    private static func plainBytes(in word: UInt64, _ seen: inout UInt64) -> Int? {
        // The lowest mark is at the first byte that is not plain; those above may be wrong, because of carries.
        let marks = marks(in: word)
        guard marks != 0 else {
            seen |= word
            return nil
        }
        let plain = marks.trailingZeroBitCount & ~7
        seen |= word & ~(~0 << plain)
        return plain / 8
    }

    /// The highest bit of each byte that is below 0x20, a quote or a backslash. Literals, because a build for debugging
    /// would look up each constant.
    @inline(__always)
    private static func marks(in word: UInt64) -> UInt64 {
        let quotes = word ^ 0x2222_2222_2222_2222
        let backslashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
        let control = (word &- 0x2020_2020_2020_2020) & ~word
        let quote = (quotes &- 0x0101_0101_0101_0101) & ~quotes
        let backslash = (backslashes &- 0x0101_0101_0101_0101) & ~backslashes
        return (control | quote | backslash) & 0x8080_8080_8080_8080
    }
}
