extension String {
    /// The text with these bytes; `nil` if they are not UTF-8. `String(validating:as:)` looks up the types of its generic
    /// parameters each time, which takes longer than validating a short text.
    package init?(utf8 bytes: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        self.init(copying: text)
    }
}
