extension SessionManager {
    /// Exchanges a refresh token for its successor (contract §6; OAuth 2.0 Security BCP, RFC 9700, section 4.14).
    ///
    /// The current token is rotated. Its immediate predecessor gets the same successor again during the grace period,
    /// because two browser tabs or a lost reply are not a theft. The use of an older token is a reuse, and ends the
    /// session.
    func refresh(
        _ refresh: RefreshSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        transaction.settleDeadlines()
        guard let token = refresh.refreshToken.presented, token.kind == .refresh,
            var session = transaction.session(token.session, tenant: tenant)
        else { throw .rejected(.tokenInvalid, "this is not the refresh token of any session") }
        let policy = transaction.policies.governing(session)
        if !canComeBack(session, under: policy, now: transaction.now) {
            try requireLiving(session, under: policy, now: transaction.now)
        }
        let standing = try refreshToken(token, of: session, under: policy, now: transaction.now)
        if case .reused = standing { return .rejected(endForReuse(session, in: &transaction)) }
        try requireActive(session, under: policy, now: transaction.now)
        try requireUnexpiredRefreshToken(of: session, now: transaction.now)
        let verdict = try judge(refresh.context, of: &session, under: policy, in: &transaction)
        if let rejection = verdict.rejection { return .rejected(rejection) }
        switch standing {
        case .present: return rotate(token, of: session, under: policy, in: &transaction)
        case .predecessor(let predecessor):
            return again(predecessor, token, of: session, under: policy, in: &transaction)
        case .reused: preconditionFailure("a reused token was handled above")
        }
    }

    private func rotate(
        _ token: PresentedToken, of session: Session, under policy: SessionPolicy,
        in transaction: inout SubjectTransaction
    ) -> Decision {
        let now = transaction.now
        let salt = transaction.makeEntropy(count: TokenDigest.length)
        var rotated = session
        rotated.generation += 1
        rotated.lastActiveAt = now
        let successor = tokens.successor(of: token, generation: rotated.generation, salt: salt)
        let expiresAt = min(now.adding(seconds: policy.refreshSeconds), session.expiresAt)
        rotated.credentials.refresh = RefreshCredential(
            digest: successor.digest, expiresAt: expiresAt,
            predecessor: .init(digest: token.digest, salt: salt, replacedAt: now))
        let claims = claimAccess(for: &rotated, under: policy, in: &transaction)
        transaction.put(rotated)
        transaction.announce(.refreshed, of: rotated)
        return .granted(
            .issued(
                session: rotated,
                tokens: IssuedTokens(refresh: successor.text, refreshExpiresAt: expiresAt, accessClaims: claims)))
    }

    /// Returns the same successor again. The access token with it is new, as for the current token; only its lifetime
    /// is stored.
    private func again(
        _ predecessor: RefreshCredential.Predecessor, _ token: PresentedToken, of session: Session,
        under policy: SessionPolicy, in transaction: inout SubjectTransaction
    ) -> Decision {
        var session = session
        let successor = tokens.successor(of: token, generation: session.generation, salt: predecessor.salt)
        let claims = claimAccess(for: &session, under: policy, in: &transaction)
        if isTouchDue(session, under: policy, now: transaction.now) {
            transaction.touch(&session)
        } else {
            transaction.update(session)
        }
        return .granted(
            .issued(
                session: session,
                tokens: IssuedTokens(
                    refresh: successor.text,
                    refreshExpiresAt: (session.credentials.refresh?.expiresAt).map { min($0, session.expiresAt) },
                    accessClaims: claims)))
    }
}
