/// Why bytes were not taken for JSON, and where.
///
/// It never repeats any of the input, not even a key: what a caller sent by mistake may be a secret, and errors are
/// logged, answered and kept in quarantine.
package struct JSONError: Error, Hashable {
    package enum Code: Hashable, Sendable {
        /// Not the grammar of RFC 8259.
        case syntax
        /// More containers inside one another than allowed.
        case depth
        /// A second member of one name in an object: readers disagree about which one counts, so neither does.
        case duplicateKey
        /// A string that is not UTF-8.
        case invalidUTF8
    }

    package let code: Code
    /// Bytes before the place where it went wrong.
    package let offset: Int
    /// A sentence for a person.
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
