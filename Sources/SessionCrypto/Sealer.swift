import Crypto
import FoundationEssentials
package import SessionCore

/// Why sealed bytes did not open.
package enum SealError: Error, Equatable, CustomStringConvertible {
    /// Sealed with a key that the keyring does not have.
    case unknownKey(String)
    /// The bytes were altered or moved to another place.
    case damaged
    /// Sealed in a way that only a later version knows.
    case laterVersion
    /// No sealed record.
    case unreadable

    package var description: String {
        switch self {
        case .unknownKey(let id): "it was sealed with the key \(id), which the keyring does not have"
        case .damaged: "its seal does not open: it was altered, or moved from another place"
        case .laterVersion: "it was sealed by a later version of Sojourn"
        case .unreadable: "it is not a sealed record"
        }
    }
}

/// Seals bytes with AES-256-GCM and the ring's current key, bound to a context that must be supplied again to open
/// them.
///
/// Layout: version (1), key id (4), salt (1), nonce (12), ciphertext, tag (16). The fields before the nonce are
/// authenticated as well. Random nonces allow 2³² messages per key (NIST SP 800-38D, section 8.3), which a busy
/// installation writes in a day. So each key of the ring has 256 sub-keys, selected by the salt, which is independent
/// of the nonce: these 8 extra bits allow 2³⁶ messages at the same risk, and rotation restarts the count.
package struct Sealer: Sendable {
    private static let version: UInt8 = 1
    /// What a later version would begin with. A text in the place of a record begins otherwise.
    private static let laterVersions: ClosedRange<UInt8> = 2...9
    private static let headerLength = 6
    private static let overhead = headerLength + 12 + 16

    private var current: SealingKey
    private let keys: [UInt32: SealingKey]
    private let entropy = EntropyPool()

    /// - Parameter now: seals with the key that is current at this time; opens with all keys.
    package init(keyring: Keyring, namespace: String, at now: Timestamp) {
        keys = Dictionary(
            uniqueKeysWithValues: keyring.keys.map { ($0.number, SealingKey($0, namespace: namespace)) })
        current = Self.key(keyring.current(at: now), in: keys)
    }

    /// Switches to sealing with the key that is current at `now`.
    ///
    /// - Precondition: `keyring` is the one this sealer was made from.
    mutating func advance(_ keyring: Keyring, to now: Timestamp) {
        current = Self.key(keyring.current(at: now), in: keys)
    }

    private static func key(_ key: Keyring.Key, in keys: [UInt32: SealingKey]) -> SealingKey {
        guard let key = keys[key.number] else { preconditionFailure("a keyring's current key must be one of its keys") }
        return key
    }

    /// The id of the current key: 8 hexadecimal digits.
    package var currentID: String { Keyring.Key.id(current.number) }

    /// Whether the ring has the key with this id.
    package func has(_ id: String) -> Bool {
        UInt32(id, radix: 16).map { keys[$0] != nil } ?? false
    }

    /// The id of the key that sealed these bytes; `nil` if they are not a sealed record.
    package static func keyID(of sealed: [UInt8]) -> String? {
        number(of: sealed).map(Keyring.Key.id)
    }

    private static func number(of sealed: [UInt8]) -> UInt32? {
        guard sealed.count >= overhead, sealed[0] == version else { return nil }
        return sealed[1..<5].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }

    package func seal(_ plaintext: [UInt8], context: [UInt8]) -> [UInt8] {
        let random = randomBytes()
        var sealed: [UInt8] = []
        sealed.reserveCapacity(plaintext.count + Self.overhead)
        sealed.append(Self.version)
        withUnsafeBytes(of: current.number.bigEndian) { sealed.append(contentsOf: $0) }
        sealed.append(random[0])
        do {
            let box = try AES.GCM.seal(
                plaintext, using: current.subKeys[Int(random[0])], nonce: AES.GCM.Nonce(data: random[1...]),
                authenticating: Self.authenticated(sealed[...], context))
            guard let combined = box.combined else { preconditionFailure("a 12-byte nonce must combine") }
            sealed.append(contentsOf: combined)
            return sealed
        } catch {
            preconditionFailure("AES-GCM sealing cannot fail: \(error)")
        }
    }

    package func open(_ sealed: [UInt8], context: [UInt8]) throws(SealError) -> [UInt8] {
        guard let number = Self.number(of: sealed) else {
            throw sealed.first.map(Self.laterVersions.contains) == true ? .laterVersion : .unreadable
        }
        guard let key = keys[number] else { throw .unknownKey(Keyring.Key.id(number)) }
        do {
            let box = try AES.GCM.SealedBox(
                combined: sealed.withUnsafeBytes { Data(UnsafeRawBufferPointer(rebasing: $0[Self.headerLength...])) })
            let plaintext = try AES.GCM.open(
                box, using: key.subKeys[Int(sealed[5])],
                authenticating: Self.authenticated(sealed.prefix(Self.headerLength), context))
            return plaintext.withUnsafeBytes { Array($0) }
        } catch {
            throw .damaged
        }
    }

    /// What a seal authenticates besides the ciphertext: the header, and the context.
    private static func authenticated(_ header: ArraySlice<UInt8>, _ context: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(header.count + context.count)
        bytes.append(contentsOf: header)
        bytes.append(contentsOf: context)
        return bytes
    }

    /// Draws salt and nonce. The library's `Nonce()` makes three system calls, which cost half as much as sealing itself.
    private func randomBytes() -> [UInt8] {
        withUnsafeBytes(of: (entropy.next(), entropy.next())) { Array($0.prefix(13)) }
    }
}

/// A key of the ring, prepared for use in a namespace.
private struct SealingKey: Sendable {
    let number: UInt32
    /// 256 keys, indexed by salt.
    let subKeys: [SymmetricKey]

    init(_ key: Keyring.Key, namespace: String) {
        number = key.number
        let secret = SymmetricKey(data: key.secret)
        subKeys = (0..<256).map { salt in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: secret, info: Array("sojourn/1/seal/\(salt)/\(namespace)".utf8), outputByteCount: 32)
        }
    }
}
