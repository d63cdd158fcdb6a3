/// Finds possible credentials in unreadable bytes of any kind: whole commands with a misspelt key, half a command, text
/// in another encoding. It scans bytes, not JSON, and prefers false positives: whatever it finds is sealed, and can be
/// opened again (contract §5).
///
/// It finds Sojourn's tokens and JWTs, even without their beginning; values of `code`, in `factor`, and of similarly
/// named keys; long texts in `token` and `ticket`; all of these in base64 and hexadecimal; and anything compressed,
/// since its content is unknown.
package struct CredentialScan {
    /// A part to be sealed, by its position in the raw bytes.
    package struct Find: Equatable, Sendable {
        package let range: Range<Int>
        /// Whether it is a JSON value without quotes, so that a text in its place needs quotes.
        package let needsQuotes: Bool
    }

    /// With more finds than this, everything is sealed.
    private static let maxFinds = 32

    let view: DecodedView
    private var finds: [(range: Range<Int>, needsQuotes: Bool)] = []

    private init(_ raw: [UInt8]) {
        view = DecodedView(raw)
    }

    /// The parts of `raw` to be sealed, in order and without overlaps.
    package static func finds(in raw: [UInt8]) -> [Find] {
        if isCompressed(raw) { return [Find(range: 0..<raw.count, needsQuotes: false)] }
        var scan = CredentialScan(raw)
        scan.findRuns()
        scan.findValues()
        return scan.merged(rawCount: raw.count)
    }

    /// Whether a name contains a token or a JWT.
    package static func hasToken(_ text: String) -> Bool {
        // Every command has ids, and nearly all are plain. This check keeps them cheap.
        guard text.utf8.count >= CredentialRun.minBytes, isWorthALook(text.utf8.span) else { return false }
        var scan = CredentialScan(Array(text.utf8))
        scan.findRuns()
        return !scan.finds.isEmpty
    }

    /// Whether a name contains any character that a token's prefix, a JWT's header or an escaped form of them needs.
    private static func isWorthALook(_ name: Span<UInt8>) -> Bool {
        if name.count >= CredentialRun.minAnonymousBytes { return true }
        var last: UInt8 = 0
        for index in name.indices {
            let byte = name[index]
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "%"), UInt8(ascii: "\\"), UInt8(ascii: "&"), 0: return true
            case UInt8(ascii: "y"), UInt8(ascii: "w"): if last == UInt8(ascii: "e") { return true }
            default: break
            }
            last = byte
        }
        return false
    }

    /// Whether there are so many finds that further ones do not matter. This bounds the time of a scan.
    var isFull: Bool { finds.count > Self.maxFinds }

    mutating func found(_ range: Range<Int>, needsQuotes: Bool = false) {
        if !range.isEmpty { finds.append((range, needsQuotes)) }
    }

    private func merged(rawCount: Int) -> [Find] {
        var merged: [Find] = []
        for find in finds.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            let range = view.raw(find.range)
            if let last = merged.last, range.lowerBound < last.range.upperBound {
                let end = max(last.range.upperBound, range.upperBound)
                merged[merged.count - 1] = Find(
                    range: last.range.lowerBound..<end, needsQuotes: last.needsQuotes || find.needsQuotes)
            } else {
                merged.append(Find(range: range, needsQuotes: find.needsQuotes))
            }
        }
        return merged.count <= Self.maxFinds ? merged : [Find(range: 0..<rawCount, needsQuotes: false)]
    }

    /// Recognises gzip, zlib, zstd, bzip2, xz and zip by their magic numbers.
    private static func isCompressed(_ raw: [UInt8]) -> Bool {
        let beginnings: [[UInt8]] = [
            [0x1F, 0x8B], [0x78, 0x01], [0x78, 0x5E], [0x78, 0x9C], [0x78, 0xDA], [0x28, 0xB5, 0x2F, 0xFD],
            Array("BZh".utf8), [0xFD, 0x37, 0x7A, 0x58, 0x5A], [0x50, 0x4B, 0x03, 0x04],
        ]
        return beginnings.contains { raw.starts(with: $0) }
    }
}
