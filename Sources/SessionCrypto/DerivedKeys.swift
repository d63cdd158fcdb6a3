import Crypto

/// The permanent keys of one namespace, each derived from the keyring's root for one purpose (HKDF, RFC 5869). A key
/// reveals nothing about the key for another purpose, and tokens of one namespace are invalid in every other.
struct DerivedKeys: Sendable {
    enum Purpose: String {
        case handles
        case tokenTags = "token tags"
        case succession
        case messages
        case fingerprint
        case recoveryCodes = "recovery codes"
        case cursors
        case cursorNonces = "cursor nonces"
        case audit
    }

    private let root: SymmetricKey
    private let namespace: String

    init(keyring: Keyring, namespace: String) {
        root = SymmetricKey(data: keyring.root)
        self.namespace = namespace
    }

    func key(for purpose: Purpose) -> HMACKey {
        HMACKey(sealingKey(for: purpose))
    }

    /// A 32-byte sealing key.
    func sealingKey(for purpose: Purpose) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: root, info: Array("sojourn/1/\(purpose.rawValue)/\(namespace)".utf8),
            outputByteCount: 32)
    }
}
