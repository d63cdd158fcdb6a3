package import SessionCore

/// The keys of an installation: the root that tokens and handles rest on, which never changes, and the keys that seal
/// records, of which one is current and the others only open.
package struct Keyring: Sendable {
    /// 32 bytes.
    let root: [UInt8]
    /// At least one, each with an id of its own.
    let keys: [Key]
    /// One of `keys`.
    let current: Key

    /// A key that seals records.
    struct Key: Sendable {
        /// Its name in sealed records; in the file 8 hexadecimal digits.
        let number: UInt32
        /// 32 bytes.
        let secret: [UInt8]
        let createdAt: Timestamp

        var id: String { Self.id(number) }

        static func id(_ number: UInt32) -> String {
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
    }

    /// - Precondition: `current` is the number of one of `keys`, and no two share one.
    init(root: [UInt8], keys: [Key], current: UInt32) {
        guard let currentKey = keys.first(where: { $0.number == current }) else {
            preconditionFailure("the current key is one of the keyring's")
        }
        self.root = root
        self.keys = keys
        self.current = currentKey
    }

    /// A new keyring with one key, from the system's randomness.
    package static func generate(at now: Timestamp) -> Keyring {
        var random = SystemRandomNumberGenerator()
        func secret() -> [UInt8] {
            (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        }
        let key = Key(number: UInt32.random(in: .min ... .max, using: &random), secret: secret(), createdAt: now)
        return Keyring(root: secret(), keys: [key], current: key.number)
    }
}

extension Keyring: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "keyring of \(keys.count), current \(current.id)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Keyring.Key: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "key \(id)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
