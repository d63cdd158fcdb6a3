extension SessionManager {
    /// Ends one session, or those of a subject. Ending what is unknown, replaced or already over is no error: the
    /// caller has what it wants (contract §3).
    func revoke(
        _ revoke: RevokeSessions, tenant: String, in transaction: inout SubjectTransaction
    ) throws -> Outcome {
        transaction.settleDeadlines()
        let targets = try targets(of: revoke.target, tenant: tenant, in: transaction)
        for session in targets { transaction.end(session, as: .revoked, reason: revoke.reason, event: .revoked) }
        return .succeeded(.revoked(targets.map(\.id)))
    }

    private func targets(
        of target: RevokeSessions.Target, tenant: String, in transaction: SubjectTransaction
    ) throws -> [Session] {
        switch target {
        case .token(let reference):
            let token = try genuine(reference)
            return [transaction.session(token.session, tenant: tenant)].compactMap(\.self)
                .filter { $0.status.isLiving && $0.credentials.session == token.digest }
        case .session(let id):
            return [id.flatMap { transaction.session($0, tenant: tenant) }].compactMap(\.self)
                .filter(\.status.isLiving)
        case .subject(_, except: let exception):
            let spared = try spared(by: exception, tenant: tenant, in: transaction)
            return transaction.living.filter { $0.id != spared }
        }
    }

    /// The session to spare. A token that is not a session's present one is refused: to go on would end the very
    /// session that the caller meant to keep.
    private func spared(
        by exception: RevokeSessions.Exception?, tenant: String, in transaction: SubjectTransaction
    ) throws -> SessionID? {
        switch exception {
        case nil: return nil
        case .session(let id): return id
        case .token(let reference):
            let token = try genuine(reference)
            guard token.session.handle == transaction.aggregate.handle else {
                throw Rejection(.tokenInvalid, "the token to spare is another subject's")
            }
            guard let session = transaction.session(token.session, tenant: tenant) else { return nil }
            guard session.credentials.session == token.digest else {
                throw Rejection(.tokenInvalid, "the token to spare has been replaced")
            }
            return session.id
        }
    }

    private func genuine(_ reference: TokenReference) throws -> PresentedToken {
        guard let token = reference.presented else { throw Rejection(.tokenInvalid, "this is not a session token") }
        return token
    }
}
