package import SessionCore

/// The keys of an installation: the root that tokens and handles depend on, which never changes, and the keys that seal
/// records. One of these is current; the others only open.
///
/// A new key is added as `successor`, with the time from which it seals. By then every worker has read it, so no worker
/// meets a record that it cannot open. A worker that can no longer reread the ring still switches at that time.
package struct Keyring: Sendable, Equatable {
    /// 32 bytes.
    let root: [UInt8]
    /// At least one, with distinct ids.
    let keys: [Key]
    /// One of `keys`: seals until the successor takes over. `current(at:)` returns the key that seals now.
    let current: Key
    /// When `current` began to seal; `nil` if it is the ring's first key, or if the file predates rotation.
    let currentSince: Timestamp?
    /// Another one of `keys`.
    let successor: Successor?

    /// A key that seals records.
    struct Key: Sendable, Equatable {
        /// Identifies the key in sealed records; 8 hexadecimal digits in the file.
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

    /// The key that seals next.
    struct Successor: Sendable, Equatable {
        let key: Key
        /// By the workers' clocks.
        let from: Timestamp
    }

    /// - Precondition: `current` is the number of one of `keys`, `successor` of another, and all numbers are distinct.
    init(
        root: [UInt8], keys: [Key], current: UInt32, currentSince: Timestamp? = nil,
        successor: (number: UInt32, from: Timestamp)? = nil
    ) {
        func key(_ number: UInt32) -> Key {
            guard let key = keys.first(where: { $0.number == number }) else {
                preconditionFailure("the current key and its successor must be keys of the ring")
            }
            return key
        }
        precondition(successor?.number != current, "a key cannot succeed itself")
        self.root = root
        self.keys = keys
        self.current = key(current)
        self.currentSince = currentSince
        self.successor = successor.map { Successor(key: key($0.number), from: $0.from) }
    }

    /// The key that seals at `now`.
    func current(at now: Timestamp) -> Key {
        guard let successor, successor.from <= now else { return current }
        return successor.key
    }

    package func currentID(at now: Timestamp) -> String {
        current(at: now).id
    }

    /// Whether both rings belong to the same installation: a namespace keeps one root for ever.
    package func hasRoot(of other: Keyring) -> Bool {
        root == other.root
    }

    /// A new keyring with one key, generated from the system's random source.
    package static func generate(at now: Timestamp) -> Keyring {
        let key = Key.generate(at: now, apartFrom: [])
        return Keyring(root: randomSecret(), keys: [key], current: key.number)
    }

    /// 32 bytes.
    fileprivate static func randomSecret() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }
}

extension Keyring.Key {
    /// A new key whose number differs from those of `others`.
    static func generate(at now: Timestamp, apartFrom others: [Keyring.Key]) -> Keyring.Key {
        var number: UInt32
        repeat { number = .random(in: .min ... .max) } while others.contains { $0.number == number }
        return Keyring.Key(number: number, secret: Keyring.randomSecret(), createdAt: now)
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
