/// Gives the worker its keys: a file, or a command, which is how a KMS or a vault is plugged in.
package protocol KeyProvider: Sendable {
    /// What it is called in messages; shows no secret.
    var name: String { get }

    /// The keyring as JSON: the secret itself. May take as long as the provider allows itself.
    ///
    /// - Throws: `KeyringError`, in words for an operator, with `name` in them.
    func content() async throws(KeyringError) -> [UInt8]
}

extension KeyProvider {
    /// What `content` says.
    ///
    /// - Throws: `KeyringError` with `malformed`.
    package func keyring(from content: [UInt8]) throws(KeyringError) -> Keyring {
        do {
            return try Keyring(json: content)
        } catch {
            throw KeyringError(error.code, "\(name): \(error.description); put a copy of the good keyring in its place")
        }
    }
}

/// Reads the keyring from a file that its owner, and at most its group, may read.
package struct FileKeyProvider: KeyProvider {
    private let path: String

    package init(path: String) {
        self.path = path
    }

    package var name: String { path }

    /// Reads the file; blocks.
    package func content() throws(KeyringError) -> [UInt8] {
        try KeyringFile(opening: path).content()
    }

    /// Reads the file; blocks.
    ///
    /// - Throws: `KeyringError`, in words for an operator, with the path in them.
    package func keyring() throws(KeyringError) -> Keyring {
        try keyring(from: try content())
    }
}
