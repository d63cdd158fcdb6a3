/// Why a keyring cannot be used. Never contains key material.
package struct KeyringError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        case unreadable
        /// Users other than its owner and group may read it, or users other than its owner may write it.
        case exposed
        case malformed
        /// A file already exists; it is not overwritten.
        case exists
        case unwritable
        /// The keyring command failed.
        case command
        /// Another change is in progress.
        case changing
        /// The ring has the maximum number of keys.
        case full
        /// The ring has no such key.
        case unknownKey
        /// Not allowed for the current key or its successor.
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
