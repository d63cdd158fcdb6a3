import Crypto

/// What a denial is about, in 16 bytes: the beginning of a SHA-256. With 100 000 names of any length, half the memory goes
/// into the names otherwise; and nobody can find two with the same key.
struct DenialKey: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    init(session: String) {
        self.init("session", [session])
    }

    init(tenant: String, subject: String) {
        self.init("subject", [tenant, subject])
    }

    private init(_ kind: String, _ names: [String]) {
        var hash = SHA256()
        for name in [kind] + names {
            // UTF-8 has no such byte, so that different names never join to the same bytes.
            hash.update(data: Array(name.utf8) + [0xFF])
        }
        (high, low) = hash.finalize().withUnsafeBytes { bytes in
            (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }
}
