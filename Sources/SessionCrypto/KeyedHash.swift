import Crypto

/// Names messages and what they say by keyed hashes, so that nothing read from Redis tells a `message_id` or lets a body be
/// guessed.
package struct KeyedHash: Sendable {
    private let key: SymmetricKey

    package init(keyring: Keyring, namespace: String) {
        key = DerivedKeys(keyring: keyring, namespace: namespace).key(for: .messages)
    }

    /// The name under which a message is known: 22 base64url characters. Each caller has ids of its own, and all unnamed
    /// callers are one.
    package func inboxKeyName(caller: String?, messageID: String) -> String {
        let caller = caller.map { Array($0.utf8) } ?? []
        return Base64URL.encode(hash("id", caller, Array(messageID.utf8)))
    }

    /// What a message says, in 16 bytes.
    package func commandFingerprint(command: String, body: [UInt8]) -> [UInt8] {
        hash("body", Array(command.utf8), body)
    }

    /// Each part with its length in front: no two lists of parts are written alike.
    private func hash(_ label: String, _ parts: [UInt8]...) -> [UInt8] {
        var authentication = HMAC<SHA256>(key: key)
        for part in [Array(label.utf8)] + parts {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { authentication.update(data: $0) }
            authentication.update(data: part)
        }
        return Array(Array(authentication.finalize()).prefix(16))
    }
}
