extension SessionManager {
    /// Exchanges a refresh token for its successor (contract §6; OAuth 2.0 Security BCP, RFC 9700, section 4.14).
    ///
    /// The present token rotates. Its immediate predecessor, inside the grace window, gets the same successor again: two
    /// tabs, or an answer that was lost, are no theft. Anything older was used twice, and ends the session.
    func refresh(
        _ refresh: RefreshSession, tenant: String, in transaction: inout SubjectTransaction
    ) throws -> Outcome {
        guard let token = refresh.refreshToken.presented,
            let session = transaction.session(token.session, tenant: tenant)
        else { throw Rejection(.tokenInvalid, "this is not a refresh token of any session") }
        let policy = transaction.policies.governing(session)
        try requireRefreshable(session, under: policy, now: transaction.now)
        guard token.generation >= session.credentials.lineStart else {
            throw Rejection(.tokenInvalid, "all tokens of this session have been replaced since")
        }
        if token.digest == session.credentials.refresh {
            return try rotate(token, of: session, under: policy, in: &transaction)
        }
        if let successor = graceSuccessor(of: token, in: session, under: policy, now: transaction.now) {
            return .succeeded(.refreshed(session: session, tokens: successor))
        }
        transaction.announce(.tokenReused, of: session, reason: EndReason.tokenReused.word)
        transaction.end(session, as: .revoked, reason: .tokenReused, event: .revoked)
        return .rejected(
            Rejection(.refreshTokenReused, "this refresh token had been used before; its session has been revoked"))
    }

    private func requireRefreshable(_ session: Session, under policy: SessionPolicy, now: Timestamp) throws {
        switch session.status {
        case .revoked: throw Rejection(.sessionEnded, "the session has been revoked")
        case .expired: throw ended(session.ending?.reason, at: session.ending?.at ?? now, under: policy, now: now)
        case .active, .pending, .locked: break
        }
        if let reason = session.expiry(at: now) {
            throw ended(reason, at: session.idleExpiresAt, under: policy, now: now)
        }
        switch session.status {
        case .pending: throw Rejection(.sessionPending, "the session waits for its second factor")
        case .locked: throw Rejection(.sessionLocked, "the session is locked")
        case .active, .revoked, .expired: break
        }
    }

    private func ended(
        _ reason: EndReason?, at end: Timestamp, under policy: SessionPolicy, now: Timestamp
    ) -> Rejection {
        if reason == .expiredIdle, now <= end.adding(seconds: policy.reauthenticationWindowSeconds) {
            return Rejection(.reauthenticationRequired, "the session has rested for too long; authenticate again")
        }
        return Rejection(.sessionEnded, "the session has expired")
    }

    private func rotate(
        _ token: PresentedToken, of session: Session, under policy: SessionPolicy,
        in transaction: inout SubjectTransaction
    ) throws -> Outcome {
        let now = transaction.now
        guard now < session.credentials.refreshExpiresAt else {
            throw Rejection(.tokenExpired, "the refresh token has expired")
        }
        let salt = transaction.makeEntropy(count: TokenDigest.length)
        var rotated = session
        rotated.generation += 1
        rotated.lastActiveAt = now
        let successor = tokens.successor(of: token, generation: rotated.generation, salt: salt)
        rotated.credentials.predecessor = .init(digest: token.digest, salt: salt, replacedAt: now)
        rotated.credentials.refresh = successor.digest
        rotated.credentials.refreshExpiresAt = min(now.adding(seconds: policy.refreshSeconds), session.expiresAt)
        transaction.put(rotated)
        transaction.announce(.refreshed, of: rotated)
        let issued = IssuedTokens(
            refresh: successor.text, refreshExpiresAt: rotated.credentials.refreshExpiresAt)
        return .succeeded(.refreshed(session: rotated, tokens: issued))
    }

    private func graceSuccessor(
        of token: PresentedToken, in session: Session, under policy: SessionPolicy, now: Timestamp
    ) -> IssuedTokens? {
        guard let predecessor = session.credentials.predecessor, token.digest == predecessor.digest,
            now < predecessor.replacedAt.adding(seconds: policy.refreshGraceSeconds)
        else { return nil }
        let successor = tokens.successor(of: token, generation: session.generation, salt: predecessor.salt)
        return IssuedTokens(refresh: successor.text, refreshExpiresAt: session.credentials.refreshExpiresAt)
    }
}
