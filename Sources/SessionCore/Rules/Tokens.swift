// Handing out tokens (contract §6).
extension SessionManager {
    /// Gives a session tokens of a generation of its own: those before are good for nothing from then on. While it waits
    /// for its second factor it gets a session token alone.
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

    /// What a new access token of `session` says. It does not outlive the session as it stands, and ends on a whole second:
    /// a JWT has no finer end to tell.
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
