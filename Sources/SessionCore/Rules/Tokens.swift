// Issuing tokens (contract §6).
extension SessionManager {
    /// Gives a session tokens of a new generation; all earlier tokens stop working. A pending session gets only a
    /// session token.
    func replaceTokens(
        of session: inout Session, under policy: SessionPolicy, in transaction: inout SubjectTransaction
    ) -> IssuedTokens {
        let now = transaction.now
        let sessionToken = tokens.issue(
            .session, for: session.id, generation: session.generation,
            entropy: transaction.makeEntropy(count: TokenDigest.length))
        var issued = IssuedTokens(session: sessionToken.text)
        var refresh: RefreshCredential?
        if session.status == .active {
            let refreshToken = tokens.issue(
                .refresh, for: session.id, generation: session.generation,
                entropy: transaction.makeEntropy(count: TokenDigest.length))
            let expiresAt = min(now.adding(seconds: policy.refreshSeconds), session.expiresAt)
            refresh = RefreshCredential(digest: refreshToken.digest, expiresAt: expiresAt)
            issued.refresh = refreshToken.text
            issued.refreshExpiresAt = expiresAt
        }
        session.ticket = nil
        session.credentials = SessionCredentials(
            session: sessionToken.digest, refresh: refresh, lineStart: session.generation,
            accessExpiresAt: session.credentials.accessExpiresAt)
        if session.status == .active {
            issued.accessClaims = claimAccess(for: &session, under: policy, in: &transaction)
        }
        return issued
    }

    /// The claims of a new access token. It does not outlive the session, and expires on a whole second, because a JWT
    /// cannot express anything finer.
    func claimAccess(
        for session: inout Session, under policy: SessionPolicy, in transaction: inout SubjectTransaction
    ) -> AccessTokenClaims {
        let now = transaction.now
        let expiresAt = min(now.adding(seconds: policy.accessTokenSeconds), session.idleExpiresAt).roundedDown
        session.credentials.accessExpiresAt = max(session.credentials.accessExpiresAt ?? expiresAt, expiresAt)
        return AccessTokenClaims(
            id: transaction.makeName(length: 24, prefix: "jti_"), session: session.id, generation: session.generation,
            tenant: session.tenant, subject: session.subject.text, clientID: transaction.caller ?? "anonymous",
            level: session.assurance.level(at: now), methods: session.assurance.methods(at: now).map(\.text),
            authenticatedAt: session.authenticatedAt, actor: session.actor?.text, issuedAt: now, expiresAt: expiresAt)
    }
}
