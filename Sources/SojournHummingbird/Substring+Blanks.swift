extension Substring {
    /// Without spaces and tabs at its ends (`OWS` of RFC 9110, section 5.6.3).
    var trimmingBlanks: Substring {
        guard let first = firstIndex(where: { !$0.isBlank }), let last = lastIndex(where: { !$0.isBlank }) else {
            return self[startIndex..<startIndex]
        }
        return self[first...last]
    }
}

extension Character {
    private static let blanks: Set<Character> = [" ", "\t"]

    fileprivate var isBlank: Bool { Self.blanks.contains(self) }
}
