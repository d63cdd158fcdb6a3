import Crypto

/// Names messages and what they say by keyed hashes, so that nothing read from Redis tells a `message_id` or lets a body be
/// guessed.
package struct KeyedHash: Sendable {
    private let key: HMACKey

    package init(keyring: Keyring, namespace: String) {
        key = DerivedKeys(keyring: keyring, namespace: namespace).key(for: .messages)
    }

    /// The name under which a message is known: 22 base64url characters. Each caller has ids of its own, and all unnamed
    /// callers are one.
    package func inboxKeyName(caller: String?, messageID: String) -> String {
        Base64URL.encode(hash("id", (caller ?? "").utf8, messageID.utf8))
    }

    /// The name under which a tenant's policy lies: 22 base64url characters.
    package func policyName(tenant: String, name: String) -> String {
        Base64URL.encode(hash("policy", tenant.utf8, name.utf8))
    }

    /// What a message says, in 16 bytes.
    package func commandFingerprint(command: String, body: [UInt8]) -> [UInt8] {
        hash("body", command.utf8, body)
    }

    /// What a delivery is known by when it comes again: 22 base64url characters.
    package func deliveryName(_ properties: [String], body: [UInt8]) -> String {
        // 0xFF is in no text, so no two lists of properties are joined alike.
        let joined = properties.reduce(into: [UInt8]()) { $0 += $1.utf8 + [0xFF] }
        return Base64URL.encode(hash("delivery", "".utf8, joined + body))
    }

    /// Each part with its length in front: no two lists of parts are written alike.
    private func hash(_ label: String, _ first: String.UTF8View, _ second: some Collection<UInt8>) -> [UInt8] {
        func append(_ part: some Collection<UInt8>, to message: inout [UInt8]) {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { message.append(contentsOf: $0) }
            message.append(contentsOf: part)
        }
        let code = key.code(length: label.utf8.count + first.count + second.count + 24) { message in
            append(label.utf8, to: &message)
            append(first, to: &message)
            append(second, to: &message)
        }
        return code.withUnsafeBytes { Array($0.prefix(16)) }
    }
}
