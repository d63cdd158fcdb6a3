/// Why bytes were rejected as JSON, and where.
///
/// It never repeats any input, not even a key: what a caller sent by mistake may be a secret, and errors are logged,
/// sent back and kept in quarantine.
package struct JSONError: Error, Hashable {
    package enum Code: Hashable, Sendable {
        /// Violates the grammar of RFC 8259.
        case syntax
        /// Nested more deeply than allowed.
        case depth
        /// A duplicate key in an object. Parsers disagree about which one counts, so neither does.
        case duplicateKey
        /// A string is not UTF-8.
        case invalidUTF8
    }

    package let code: Code
    /// The position of the error, in bytes.
    package let offset: Int
    /// What is wrong, in words that go into a sentence.
    package let message: String

    package init(code: Code, offset: Int, message: String) {
        self.code = code
        self.offset = offset
        self.message = message
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { "\(message) (at byte \(offset))" }
}
