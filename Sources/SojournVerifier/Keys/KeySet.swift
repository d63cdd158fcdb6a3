import StrictFormats

/// The issuer's public keys, from a JSON Web Key Set (RFC 7517).
package struct KeySet: Sendable {
    /// Limits on what a server could make large. A keyring has two keys for each of its own.
    enum Limits {
        /// In bytes.
        static let document = 256 << 10
        static let keys = 256
    }

    /// Why a document cannot be used, following its name.
    package struct Problem: Error, Hashable {
        package let message: String
    }

    /// By `kid`.
    let keys: [String: VerificationKey]

    init() {
        keys = [:]
    }

    /// Keys of other kinds, and for other uses, are skipped; one that is ours and broken is not.
    package init(_ document: [UInt8]) throws(Problem) {
        guard document.count <= Limits.document else {
            throw Problem(message: "is longer than \(Limits.document) bytes")
        }
        let value: JSONValue
        do {
            value = try JSONReader.read(document, maximumDepth: 8)
        } catch {
            throw Problem(message: "is not JSON: \(error)")
        }
        guard case .array(let entries)? = value.object?["keys"] else {
            throw Problem(message: "is not a JSON Web Key Set: it has no array keys")
        }
        guard entries.count <= Limits.keys else { throw Problem(message: "has more than \(Limits.keys) keys") }
        var keys: [String: VerificationKey] = [:]
        for entry in entries {
            guard let entry = entry.object else { throw Problem(message: "has a key that is not an object") }
            guard let (id, key) = try Self.key(entry) else { continue }
            guard keys.updateValue(key, forKey: id) == nil else {
                throw Problem(message: "has two keys with the same kid")
            }
        }
        guard !keys.isEmpty else { throw Problem(message: "has no key for ES256 or EdDSA with a kid") }
        self.keys = keys
    }

    private static func key(_ entry: JSONObject) throws(Problem) -> (String, VerificationKey)? {
        // Even if the key is not for us: whoever publishes a private key has to hear of it.
        guard entry["d"] == nil, entry["k"] == nil else {
            throw Problem(message: "contains a private or symmetric key, which must be replaced by another one")
        }
        guard entry["use"].map({ $0 == .string("sig") }) ?? true, let algorithm = algorithm(of: entry),
            entry["alg"].map({ $0 == .string(algorithm.rawValue) }) ?? true,
            let id = entry.text("kid"), (1...TokenHeader.maximumKeyIDLength).contains(id.utf8.count)
        else { return nil }
        do {
            switch algorithm {
            case .es256:
                return (id, try VerificationKey(p256: try coordinate("x", of: entry) + coordinate("y", of: entry)))
            case .edDSA: return (id, try VerificationKey(ed25519: try coordinate("x", of: entry)))
            }
        } catch {
            throw Problem(message: "has a key for \(algorithm.rawValue) that is not a point on its curve")
        }
    }

    private static func algorithm(of entry: JSONObject) -> VerificationKey.Algorithm? {
        switch (entry.text("kty"), entry.text("crv")) {
        case ("EC", "P-256"): .es256
        case ("OKP", "Ed25519"): .edDSA
        default: nil
        }
    }

    /// 32 bytes of either curve.
    private static func coordinate(_ name: String, of entry: JSONObject) throws -> [UInt8] {
        guard let bytes = entry.text(name).flatMap({ Base64URL.decode($0.utf8) }), bytes.count == 32 else {
            throw Problem(message: "")
        }
        return bytes
    }

    /// Whether every key that `other` has is in here, so that what they verified stays verified.
    func contains(_ other: KeySet) -> Bool {
        other.keys.allSatisfy { id, key in keys[id]?.rawRepresentation == key.rawRepresentation }
    }
}
