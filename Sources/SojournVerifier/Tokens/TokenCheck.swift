import StrictFormats

/// Checks what a token says by itself: form, signature, issuer, audience and times.
struct TokenCheck: Sendable {
    /// The longest token, in bytes. With every text at its maximum length and every character escaped, the worker's have 15 KB.
    static let maximumLength = 16_384

    let issuer: String
    let audience: String
    /// How far the clocks of the issuer and of this machine may be apart.
    let clockTolerance: Duration

    /// - Throws: `malformed`, `unknown_key`, `signature_invalid`, `wrong_issuer` or `wrong_audience`. Times are not compared.
    func check(_ text: ArraySlice<UInt8>, with keys: KeySet) throws(TokenRefusal) -> CheckedToken {
        let parts = try CompactToken(text)
        guard let key = keys.keys[parts.header.keyID] else { throw TokenRefusal(.unknownKey) }
        guard key.algorithm == parts.header.algorithm,
            key.isValidSignature(parts.signature, for: text.prefix(parts.signedLength))
        else { throw TokenRefusal(.signatureInvalid) }
        return CheckedToken(try claims(of: parts))
    }

    /// What a token says that the worker has found genuine, although its key is not known here.
    func trusting(_ text: ArraySlice<UInt8>) throws(TokenRefusal) -> CheckedToken {
        CheckedToken(try claims(of: CompactToken(text)))
    }

    private func claims(of parts: CompactToken) throws(TokenRefusal) -> TokenClaims {
        guard let claims = TokenClaims(parts.payload) else { throw TokenRefusal(.malformed) }
        guard claims.issuer.isExactly(issuer) else { throw TokenRefusal(.wrongIssuer) }
        guard claims.audience.contains(where: { $0.isExactly(audience) }) else { throw TokenRefusal(.wrongAudience) }
        return claims
    }

    /// - Throws: `token_expired` or `not_yet_valid`.
    func compareTimes(of token: CheckedToken, at now: UnixTime) throws(TokenRefusal) {
        guard now < token.expiresAt + clockTolerance else { throw TokenRefusal(.tokenExpired) }
        guard token.validFrom <= now + clockTolerance else { throw TokenRefusal(.notYetValid) }
    }
}
