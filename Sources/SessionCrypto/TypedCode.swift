/// A code as a user typed or pasted it.
enum TypedCode {
    /// `text` without white space and hyphens.
    static func withoutSeparators(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: text.unicodeScalars.filter { $0 != "-" && !$0.properties.isWhitespace })
        return String(scalars)
    }
}
