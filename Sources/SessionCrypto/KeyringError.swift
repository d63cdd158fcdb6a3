/// Why a keyring cannot be used. Never holds anything of a key.
package struct KeyringError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        case unreadable
        /// Others than its owner and its group may read it, or others than its owner may write it.
        case exposed
        case malformed
        /// There is a file already, and it is not overwritten.
        case exists
        case unwritable
        /// The command that gives the keyring did not.
        case command
        /// Another change is not through yet.
        case changing
        /// There is no room for another key.
        case full
        /// The ring has no such key.
        case unknownKey
        /// This cannot be done to the key that seals, or will.
        case current
    }

    package let code: Code
    /// A sentence that says what to do.
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
