extension String {
    /// The text with these bytes; `nil` if they are not UTF-8. `String(validating:as:)` looks up the types of its generic
    /// parameters each time, which takes longer than validating a short text.
    package init?(utf8 bytes: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        self.init(copying: text)
    }

    /// The text with these bytes, each of which is below 0x80. They are not examined again.
    package init(ascii bytes: Span<UInt8>) {
        self.init(copying: UTF8Span(unchecked: bytes, isKnownASCII: true))
    }

    /// Hashes the last bytes. `hash(into:)` also looks for equivalent forms of characters, which an ASCII text
    /// has none of, and takes three times as long.
    package func hash(into hasher: inout Hasher, suffix count: Int) {
        let bytes = utf8.span
        bytes.extracting(last: count).withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension Span<UInt8> {
    /// Whether these are the bytes of `text`.
    package func isExactly(_ text: String) -> Bool {
        let other = text.utf8.span
        return count == other.count && indices.allSatisfy { self[$0] == other[$0] }
    }
}
