import Crypto
import StrictFormats

/// A public key that verifies access tokens, with the one algorithm that it is for.
struct VerificationKey: Sendable {
    /// The only algorithms of access tokens (RFC 7518, RFC 8037).
    enum Algorithm: String, CaseIterable, Sendable {
        /// ECDSA over P-256 with SHA-256.
        case es256 = "ES256"
        /// Ed25519.
        case edDSA = "EdDSA"
    }

    private enum Material: Sendable {
        case p256(P256.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    private let material: Material
    /// What tells whether it is still the same key.
    let rawRepresentation: [UInt8]

    /// - Throws: whatever the library does, if the point is not on the curve.
    init(p256 point: [UInt8]) throws {
        material = .p256(try P256.Signing.PublicKey(rawRepresentation: point))
        rawRepresentation = point
    }

    init(ed25519 bytes: [UInt8]) throws {
        material = .ed25519(try Curve25519.Signing.PublicKey(rawRepresentation: bytes))
        rawRepresentation = bytes
    }

    var algorithm: Algorithm {
        switch material {
        case .p256: .es256
        case .ed25519: .edDSA
        }
    }

    /// - Parameter signature: as a JWT has it: 64 bytes (RFC 7518, section 3.4; RFC 8037, section 3.1).
    func isValidSignature(_ signature: [UInt8], for message: ArraySlice<UInt8>) -> Bool {
        switch material {
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: message)
        case .ed25519(let key): return key.isValidSignature(signature, for: message)
        }
    }
}
