/// Headers are taken apart as bytes. As Characters, a mark that combines with a separator would hide it, and U+037E would be a
/// semicolon: what the browser or the proxy has sent as one part would be read as another.
typealias HeaderBytes = Substring.UTF8View

extension HeaderBytes {
    /// Without spaces and tabs at its ends (`OWS` of RFC 9110, section 5.6.3).
    var trimmingBlanks: HeaderBytes {
        guard let first = firstIndex(where: { !$0.isBlank }), let last = lastIndex(where: { !$0.isBlank }) else {
            return self[startIndex..<startIndex]
        }
        return self[first...last]
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
