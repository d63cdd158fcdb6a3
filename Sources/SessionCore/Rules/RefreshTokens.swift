/// What a refresh token of a session is worth.
enum RefreshTokenStanding {
    case present
    /// The one before the present one, inside its grace.
    case predecessor(RefreshCredential.Predecessor)
    /// Older, or shown too late: somebody used it twice.
    case reused
}

extension SessionManager {
    /// - Throws: `Rejection` for a token that was replaced with all others, or whose time is over.
    func refreshToken(
        _ token: PresentedToken, of session: Session, under policy: SessionPolicy, now: Timestamp
    ) throws(Rejection) -> RefreshTokenStanding {
        guard token.generation >= session.credentials.lineStart, let credential = session.credentials.refresh else {
            throw Rejection(.tokenInvalid, "all tokens of this session have been replaced since")
        }
        let standing: RefreshTokenStanding
        if token.digest == credential.digest {
            standing = .present
        } else if let predecessor = credential.predecessor, token.digest == predecessor.digest,
            now < predecessor.replacedAt.adding(seconds: policy.refreshGraceSeconds)
        {
            standing = .predecessor(predecessor)
        } else {
            return .reused
        }
        guard now < credential.expiresAt else { throw Rejection(.tokenExpired, "the refresh token has expired") }
        return standing
    }

    /// Revokes the session of a refresh token that was used twice, with all below it (RFC 9700, section 4.14.2). One that is
    /// over already stays so.
    func endForReuse(_ session: Session, in transaction: inout SubjectTransaction) -> Rejection {
        transaction.announce(.tokenReused, of: session, reason: EndReason.tokenReused.word)
        if session.status.isLiving {
            transaction.end(session, as: .revoked, reason: .tokenReused, event: .revoked)
        } else {
            // It must not come back by this token or the present one.
            var over = session
            over.credentials.refresh = nil
            transaction.note(over)
        }
        return Rejection(.refreshTokenReused, "this refresh token had been used before; its session is over")
    }
}
