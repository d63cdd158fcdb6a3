/// Why a keyring cannot be used. Never holds anything of a key.
package struct KeyringError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        case unreadable
        /// Others than its owner may read it.
        case exposed
        case malformed
        /// There is a file already, and it is not overwritten.
        case exists
        case unwritable
    }

    package let code: Code
    /// A sentence that says what to do.
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
