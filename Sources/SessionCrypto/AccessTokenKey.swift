import Crypto
import FoundationEssentials
import JWTKit
import SessionContract
import StrictFormats

/// A key that signs access tokens, derived from a keyring key (HKDF, RFC 5869) for one algorithm and namespace.
///
/// Every key of the ring yields one per algorithm, so that keys and algorithm can be changed while earlier tokens are
/// still valid. Its id (`kid`) combines the ring key's id and the algorithm: `1f3a90c2-es256`, `1f3a90c2-eddsa`.
struct AccessTokenKey: Sendable {
    private enum Pair: Sendable {
        case es256(P256.Signing.PrivateKey)
        case edDSA(Curve25519.Signing.PrivateKey)
    }

    let id: String
    let algorithm: SigningAlgorithm
    private let pair: Pair

    init(_ key: Keyring.Key, algorithm: SigningAlgorithm, namespace: String) {
        id = Self.id(key, algorithm)
        self.algorithm = algorithm
        let secret = SymmetricKey(data: key.secret)
        func derived(_ attempt: Int) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: secret,
                info: Array("sojourn/1/access tokens/\(algorithm.rawValue)/\(attempt)/\(namespace)".utf8),
                outputByteCount: 32)
        }
        switch algorithm {
        case .es256: pair = .es256(Self.firstScalar(of: derived))
        case .edDSA: pair = .edDSA(Self.ed25519(seed: derived(0)))
        }
    }

    static func id(_ key: Keyring.Key, _ algorithm: SigningAlgorithm) -> String {
        "\(key.id)-\(algorithm.rawValue.lowercased())"
    }

    /// The first of `candidates` that is a valid P-256 private key: a number from 1 up to, but not including, the
    /// curve's order (FIPS 186-5, appendix A.2.2). One candidate in 2³² is invalid; two in a row will never be seen.
    static func firstScalar(of candidates: (Int) -> SymmetricKey) -> P256.Signing.PrivateKey {
        for attempt in 0..<256 {
            let candidate = candidates(attempt)
            if let key = candidate.withUnsafeBytes({ try? P256.Signing.PrivateKey(rawRepresentation: $0) }) {
                return key
            }
        }
        preconditionFailure("at least one of 256 derived numbers is a valid key")
    }

    private static func ed25519(seed: SymmetricKey) -> Curve25519.Signing.PrivateKey {
        do {
            return try seed.withUnsafeBytes { try Curve25519.Signing.PrivateKey(rawRepresentation: $0) }
        } catch {
            preconditionFailure("any 32 bytes form an Ed25519 key: \(error)")
        }
    }

    func add(to collection: JWTKeyCollection) async {
        let id = JWKIdentifier(string: id)
        switch pair {
        case .es256(let key):
            do {
                await collection.add(ecdsa: try ES256PrivateKey(backing: key), kid: id)
            } catch {
                preconditionFailure("a P-256 key can be copied by its bytes: \(error)")
            }
        case .edDSA(let key):
            await collection.add(eddsa: EdDSA.PrivateKey(backing: key), kid: id)
        }
    }

    /// The header of every token this key signs, with the full stop behind it, ready to be copied.
    func header() -> [UInt8] {
        let json = JSONWriter.object { json in
            json.member("alg", algorithm.rawValue)
            json.member("typ", "at+jwt")
            json.member("kid", id)
        }
        var header: [UInt8] = []
        Base64URL.append(json, to: &header)
        header.append(UInt8(ascii: "."))
        return header
    }

    /// The signature of `message` as a JWT has it: 64 bytes (RFC 7518, section 3.4; RFC 8037, section 3.1).
    func signature(of message: [UInt8]) throws -> [UInt8] {
        switch pair {
        case .es256(let key): try Array(key.signature(for: message).rawRepresentation)
        case .edDSA(let key): try Array(key.signature(for: message))
        }
    }

    /// The public half as a JSON Web Key (RFC 7517; RFC 7518, section 6.2; RFC 8037, section 2).
    func writePublicKey(to json: inout JSONWriter) {
        json.object { json in
            switch pair {
            case .es256(let key):
                let point = key.publicKey.rawRepresentation
                json.member("kty", "EC")
                json.member("crv", "P-256")
                json.member("x", Base64URL.encode(point.prefix(32)))
                json.member("y", Base64URL.encode(point.suffix(32)))
            case .edDSA(let key):
                json.member("kty", "OKP")
                json.member("crv", "Ed25519")
                json.member("x", Base64URL.encode(key.publicKey.rawRepresentation))
            }
            json.member("use", "sig")
            json.member("alg", algorithm.rawValue)
            json.member("kid", id)
        }
    }
}
