/// The SHA-1 of a script in the server's notation: 40 hexadecimal characters.
struct ScriptHash: Sendable, Equatable {
    static let length = 40
    /// Reserves space in a pipeline until the connection fills in the hash. No script has this hash.
    static let placeholder = String(repeating: "0", count: length)

    let characters: [UInt8]

    /// - Parameter reply: the reply to `SCRIPT LOAD`; the result is nil if it is not a hash.
    init?(_ reply: RedisReply) {
        guard case .bulk(let characters) = reply, characters.count == Self.length else { return nil }
        self.characters = characters
    }
}

/// The scripts of one connection and their hashes.
struct ScriptCatalogue {
    /// A linear search: a connection has a handful of scripts, and comparing a few short names costs less than hashing
    /// one.
    private var entries: [(name: String, hash: ScriptHash)] = []

    mutating func record(_ hash: ScriptHash, for script: RedisScript) {
        if let index = entries.firstIndex(where: { $0.name == script.name }) {
            entries[index].hash = hash
        } else {
            entries.append((script.name, hash))
        }
    }

    func hash(of script: RedisScript) -> ScriptHash? {
        for entry in entries where entry.name == script.name {
            return entry.hash
        }
        return nil
    }
}
