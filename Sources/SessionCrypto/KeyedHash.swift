import Crypto
import StrictFormats

/// Keyed hashes that name messages and their contents, so that reading Redis reveals no `message_id` and does not allow
/// guessing a body.
package struct KeyedHash: Sendable {
    private let key: HMACKey

    package init(keyring: Keyring, namespace: String) {
        key = DerivedKeys(keyring: keyring, namespace: namespace).key(for: .messages)
    }

    /// The name of a message: 22 base64url characters. Each caller has its own space of ids; all unnamed callers share
    /// one.
    package func inboxKeyName(caller: String?, messageID: String) -> String {
        Base64URL.encode(hash("id", (caller ?? "").utf8, messageID.utf8))
    }

    /// The name of a tenant's policy: 22 base64url characters.
    package func policyName(tenant: String, name: String) -> String {
        Base64URL.encode(hash("policy", tenant.utf8, name.utf8))
    }

    /// A 16-byte fingerprint of a message's content.
    package func commandFingerprint(command: String, body: [UInt8]) -> [UInt8] {
        hash("body", command.utf8, body)
    }

    /// Identifies a redelivery of the same message: 22 base64url characters.
    package func deliveryName(_ properties: [String], body: [UInt8]) -> String {
        // No text contains 0xFF, so different lists of properties never join to the same bytes.
        let joined = properties.reduce(into: [UInt8]()) { $0 += $1.utf8 + [0xFF] }
        return Base64URL.encode(hash("delivery", "".utf8, joined + body))
    }

    /// Each part is length-prefixed, so different lists of parts never have the same encoding.
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
