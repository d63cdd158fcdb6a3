import Crypto

/// The tokens that were checked lately, by SHA-256 of their text: hashing costs a fraction of verifying a signature.
///
/// Only genuine tokens come in, so nobody can push them out with made-up ones, and nobody can find two texts with the same
/// hash. There are two halves. New tokens, and those in use, are in the young one. When it is full it becomes the old one, and
/// what was in the old one and in no use is gone.
struct CheckedTokens {
    typealias Name = SHA256.Digest

    private let maximumCount: Int
    private let maximumSize: Int
    private var young: [Name: CheckedToken] = [:]
    private var youngSize = 0
    private var old: [Name: CheckedToken] = [:]
    /// Of the keys that verified them.
    private var keyVersion: UInt64 = 0

    /// - Parameters:
    ///   - maximumCount: of both halves.
    ///   - maximumSize: of both halves, in bytes.
    init(maximumCount: Int, maximumSize: Int) {
        self.maximumCount = maximumCount
        self.maximumSize = maximumSize
    }

    var count: Int { young.count + old.count }

    /// - Parameter version: of the keys that are the issuer's now. What others have verified is forgotten.
    mutating func token(_ name: Name, verifiedBy version: UInt64) -> CheckedToken? {
        guard isCurrent(version) else { return nil }
        if let token = young[name] { return token }
        guard let token = old.removeValue(forKey: name) else { return nil }
        insert(token, name)
        return token
    }

    mutating func keep(_ token: CheckedToken, _ name: Name, verifiedBy version: UInt64) {
        guard isCurrent(version) else { return }
        insert(token, name)
    }

    /// Whether these are the latest keys, and not those that somebody has looked up a moment ago.
    private mutating func isCurrent(_ version: UInt64) -> Bool {
        if version > keyVersion {
            keyVersion = version
            (young, youngSize, old) = ([:], 0, [:])
        }
        return version == keyVersion
    }

    private mutating func insert(_ token: CheckedToken, _ name: Name) {
        let size = token.size
        guard size <= maximumSize / 2, maximumCount >= 2 else { return }
        if young.count + 1 > maximumCount / 2 || youngSize + size > maximumSize / 2 {
            (young, youngSize, old) = ([:], 0, young)
        }
        if young.updateValue(token, forKey: name) == nil { youngSize += size }
    }
}
