/// Supplies the worker's keys, from a file or from a command (how a KMS or a vault is plugged in).
package protocol KeyProvider: Sendable {
    /// The provider's name in messages; contains no secret.
    var name: String { get }

    /// Returns the keyring as JSON, which is the secret itself. May take as long as the provider's own limit.
    ///
    /// - Throws: `KeyringError` with a description for an operator that contains `name`.
    func content() async throws(KeyringError) -> [UInt8]
}

extension KeyProvider {
    /// Parses `content`.
    ///
    /// - Throws: `KeyringError` with `malformed`.
    package func keyring(from content: [UInt8]) throws(KeyringError) -> Keyring {
        do {
            return try Keyring(json: content)
        } catch {
            throw KeyringError(error.code, "\(name): \(error.description); replace it with a good copy of the keyring")
        }
    }
}

/// Reads the keyring from a file that only its owner, and optionally its group, may read.
package struct FileKeyProvider: KeyProvider {
    private let path: String

    package init(path: String) {
        self.path = path
    }

    package var name: String { path }

    /// Reads the file; blocking.
    package func content() throws(KeyringError) -> [UInt8] {
        try KeyringFile(opening: path).content()
    }

    /// Reads the file; blocking.
    ///
    /// - Throws: `KeyringError` with a description for an operator that contains the path.
    package func keyring() throws(KeyringError) -> Keyring {
        try keyring(from: try content())
    }
}
