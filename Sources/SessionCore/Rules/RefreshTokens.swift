/// How a refresh token relates to its session's current one.
enum RefreshTokenStanding {
    case present
    /// The predecessor of the current token, during its grace period.
    case predecessor(RefreshCredential.Predecessor)
    /// Older, or used after the grace period: somebody used it twice.
    case reused
}

extension SessionManager {
    /// - Throws: `Stop.rejected` if all of the session's tokens were replaced after this one.
    func refreshToken(
        _ token: PresentedToken, of session: Session, under policy: SessionPolicy, now: Timestamp
    ) throws(Stop) -> RefreshTokenStanding {
        guard token.generation >= session.credentials.lineStart, let credential = session.credentials.refresh else {
            throw .rejected(.tokenInvalid, "all tokens of this session have been replaced since")
        }
        if token.digest == credential.digest { return .present }
        guard let predecessor = credential.predecessor, token.digest == predecessor.digest,
            now < predecessor.replacedAt.adding(seconds: policy.refreshGraceSeconds)
        else { return .reused }
        return .predecessor(predecessor)
    }

    func requireUnexpiredRefreshToken(of session: Session, now: Timestamp) throws(Stop) {
        guard let credential = session.credentials.refresh, now < credential.expiresAt else {
            throw .rejected(.tokenExpired, "the refresh token has expired")
        }
    }

    /// Revokes the session of a refresh token that was used twice, with everything below it (RFC 9700, section 4.14.2).
    /// A session that has ended already can no longer be resumed.
    func endForReuse(_ session: Session, in transaction: inout SubjectTransaction) -> RejectionWithEffect {
        transaction.announce(.tokenReused, of: session, reason: EndReason.tokenReused.word)
        if session.status.isLiving {
            transaction.end(session, as: .revoked, reason: .tokenReused, event: .revoked)
        } else {
            transaction.close(session)
        }
        return RejectionWithEffect(.refreshTokenReused, "this refresh token was used before; its session has ended")
    }
}
