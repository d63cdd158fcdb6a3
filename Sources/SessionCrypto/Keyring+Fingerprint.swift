import Crypto

extension Keyring {
    /// What tells this keyring's root from another's and tells nothing else: 22 base64url characters.
    package func fingerprint(in namespace: String) -> String {
        let code = DerivedKeys(keyring: self, namespace: namespace).key(for: .fingerprint).code(length: 0) { _ in }
        return code.withUnsafeBytes { Base64URL.encode($0.prefix(16)) }
    }
}
