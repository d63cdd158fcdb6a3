import Crypto

/// Names a message that has no id of its own after its content.
package enum ContentName {
    /// Digits of the name: enough that no two messages share one by accident or on purpose.
    private static let digits = 24

    /// The prefix, and hexadecimal digits of the SHA-256 of texts and body.
    package static func make(of texts: [String], body: [UInt8], prefix: String) -> String {
        var hash = SHA256()
        for text in texts {
            hash.update(data: Array("\(text.utf8.count):\(text)".utf8))
        }
        hash.update(data: body)
        return prefix + hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined().prefix(digits)
    }
}
