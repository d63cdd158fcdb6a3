/// The only algorithms that access tokens may be signed with (RFC 7518, RFC 8037).
package enum SigningAlgorithm: String, CaseIterable, Sendable {
    /// ECDSA over P-256 with SHA-256.
    case es256 = "ES256"
    /// Ed25519.
    case edDSA = "EdDSA"
}
