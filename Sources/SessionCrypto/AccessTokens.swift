import Crypto
import JWTKit
import SessionContract
package import SessionCore

/// Makes and reads access tokens: JWTs after RFC 9068, verified by anybody who has the public keys (contract §6).
///
/// The keyring's current key signs, with one algorithm; every key of the ring and either algorithm verifies. So a key
/// is put into the ring first, made the current one when all workers have it, and taken out when the tokens signed with
/// its predecessor have expired.
package struct AccessTokens: AccessTokenScheme {
    /// A longer text is not looked at, in bytes. Subject, actor, caller and methods at their longest, every character
    /// escaped, make 15 KB: whatever is signed can be read.
    private static let maxBytes = 16_384
    /// Bytes of a signature, with either algorithm.
    private static let signatureLength = 64

    /// The public keys: a JSON Web Key Set (RFC 7517), the media type of which is `application/jwk-set+json`.
    package let jwks: [UInt8]

    private let issuer: String
    private let audience: String
    private let signingKeyID: JWKIdentifier
    private let algorithms: [String: SigningAlgorithm]
    private let keys = JWTKeyCollection()
    private let recent = RecentAccessTokens()

    /// - Parameter now: when the key that signs is the current one.
    package init(
        keyring: Keyring, at now: Timestamp, namespace: String, issuer: String, audience: String,
        algorithm: SigningAlgorithm = .es256
    ) async {
        self.issuer = issuer
        self.audience = audience
        signingKeyID = JWKIdentifier(string: AccessTokenKey.id(keyring.current(at: now), algorithm))
        let all = keyring.keys.flatMap { key in
            SigningAlgorithm.allCases.map { AccessTokenKey(key, algorithm: $0, namespace: namespace) }
        }
        algorithms = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0.algorithm) })
        jwks = JSONWriter.object { json in
            json.array("keys") { json in
                for key in all { key.writePublicKey(to: &json) }
            }
        }
        for key in all { await key.add(to: keys) }
    }

    package func sign(_ claims: AccessTokenClaims) async throws(AccessTokenError) -> Secret {
        do {
            let payload = AccessTokenPayload(claims, issuer: issuer, audience: audience)
            return Secret(try await keys.sign(payload, kid: signingKeyID, header: ["typ": .string("at+jwt")]))
        } catch {
            throw AccessTokenError("an access token could not be signed: \(type(of: error))")
        }
    }

    package func read(_ text: String) async -> PresentedAccessToken? {
        guard text.utf8.count <= Self.maxBytes else { return nil }
        let bytes = Array(text.utf8)
        let digest = SHA256.hash(data: bytes)
        if let token = recent.token(digest) { return token }
        guard isSignedAsOurs(bytes),
            let payload = try? await keys.verify(bytes, as: AccessTokenPayload.self),
            payload.issuer == issuer, payload.audience == audience, let token = payload.presented
        else { return nil }
        recent.keep(token, digest)
        return token
    }

    /// Whether a text looks like an access token, signed with a key that is not in the ring.
    package func isKeyUnknown(of text: String) -> Bool {
        guard text.utf8.count <= Self.maxBytes else { return false }
        let parts = Self.parts(of: Array(text.utf8))
        guard parts.count == 3, let header = AccessTokenHeader(parts[0]) else { return false }
        return algorithms[header.keyID] == nil
    }

    /// Whether a text has an access token's three parts, one of our keys is named in the first, with its own algorithm,
    /// and the last is a signature as it is written here: jwt-kit would take any Base64 for it.
    private func isSignedAsOurs(_ text: [UInt8]) -> Bool {
        let parts = Self.parts(of: text)
        guard parts.count == 3, let header = AccessTokenHeader(parts[0]),
            algorithms[header.keyID] == header.algorithm
        else { return false }
        return Base64URL.decode(parts[2])?.count == Self.signatureLength
    }

    private static func parts(of text: [UInt8]) -> [ArraySlice<UInt8>] {
        text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    }
}

/// Private keys are inside: whatever prints this prints none of them.
extension AccessTokens: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "access tokens of \(issuer), signed with \(signingKeyID.string)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
