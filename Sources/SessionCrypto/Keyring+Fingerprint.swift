import Crypto
import StrictFormats

extension Keyring {
    /// Identifies this keyring's root without revealing anything else about it: 22 base64url characters.
    package func fingerprint(in namespace: String) -> String {
        let code = DerivedKeys(keyring: self, namespace: namespace).key(for: .fingerprint).code(length: 0) { _ in }
        return code.withUnsafeBytes { Base64URL.encode($0.prefix(16)) }
    }
}
