import Crypto
import JWTKit
import SessionContract
package import SessionCore

/// Issues and verifies access tokens: JWTs per RFC 9068 that anyone with the public keys can verify (contract §6).
///
/// The keyring's current key signs, with one algorithm; every key of the ring verifies, with either algorithm. To
/// rotate, add a key to the ring, make it current once all workers have it, and retire its predecessor when the tokens
/// it signed have expired.
package struct AccessTokens: AccessTokenScheme {
    /// The longest token accepted, in bytes. Subject, actor, caller and methods at their maximum length, with every
    /// character escaped, take 15 KB, so every token we sign can be read.
    private static let maxBytes = 16_384
    /// The length of a signature in bytes, with either algorithm.
    private static let signatureLength = 64

    /// The public keys as a JSON Web Key Set (RFC 7517), media type `application/jwk-set+json`.
    package let jwks: [UInt8]

    private let issuer: String
    private let audience: String
    private let signingKey: AccessTokenKey
    private let signingHeader: [UInt8]
    private let algorithms: [String: SigningAlgorithm]
    private let keys = JWTKeyCollection()
    private let recent = RecentAccessTokens()

    /// - Parameter now: selects the signing key: the one that is current at this time.
    package init(
        keyring: Keyring, at now: Timestamp, namespace: String, issuer: String, audience: String,
        algorithm: SigningAlgorithm = .es256
    ) async {
        self.issuer = issuer
        self.audience = audience
        signingKey = AccessTokenKey(keyring.current(at: now), algorithm: algorithm, namespace: namespace)
        signingHeader = signingKey.header()
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

    /// Signs without jwt-kit, whose serializer costs more than the signature. Verifying, which reads what strangers send,
    /// is left to the library.
    package func sign(_ claims: AccessTokenClaims) throws(AccessTokenError) -> Secret {
        var token = signingHeader
        AccessTokenPayload.append(claims, issuer: issuer, audience: audience, to: &token)
        do {
            let signature = try signingKey.signature(of: token)
            token.append(UInt8(ascii: "."))
            Base64URL.append(signature, to: &token)
        } catch {
            throw AccessTokenError("an access token could not be signed: \(type(of: error))")
        }
        return Secret(String(decoding: token, as: UTF8.self))
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

    /// Whether a text looks like an access token but names a signing key that is not in the ring.
    package func isKeyUnknown(of text: String) -> Bool {
        guard text.utf8.count <= Self.maxBytes else { return false }
        let parts = Self.parts(of: Array(text.utf8))
        guard parts.count == 3, let header = AccessTokenHeader(parts[0]) else { return false }
        return algorithms[header.keyID] == nil
    }

    /// Whether a text has the three parts of an access token, names one of our keys with its algorithm, and ends in a
    /// signature in canonical base64url. (jwt-kit would accept any Base64.)
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

/// Contains private keys, so every printed form omits them.
extension AccessTokens: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "access tokens of \(issuer), signed with \(signingKey.id)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
