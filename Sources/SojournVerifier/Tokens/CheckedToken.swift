import Synchronization

/// A token whose signature and claims were found good. Whether it is still good is asked every time.
final class CheckedToken: Sendable {
    let token: VerifiedAccessToken
    let issuedAt: UnixTime
    /// The later of `iat` and `nbf`.
    let validFrom: UnixTime
    let expiresAt: UnixTime
    let generation: Int64?
    let session: DenialKey
    let subject: DenialKey
    /// The beginning (``Listening/Beginning``) under which the worker confirmed that the session is good, 0 for none. What
    /// happened later, this verifier has heard of.
    let confirmation = Atomic<UInt64>(0)

    init(_ claims: TokenClaims) {
        token = claims.token
        issuedAt = claims.issuedAt
        validFrom = max(claims.issuedAt, claims.notBefore ?? claims.issuedAt)
        expiresAt = claims.expiresAt
        generation = claims.generation
        session = DenialKey(session: claims.token.sessionID)
        subject = DenialKey(tenant: claims.token.tenant, subject: claims.token.subject)
    }

    /// Roughly what it occupies, in bytes.
    var size: Int {
        let texts = [token.sessionID, token.tenant, token.subject, token.clientID, token.tokenID, token.actor ?? ""]
        return 512 + (texts + token.methods).reduce(0) { $0 + 32 + $1.utf8.count }
    }
}
