import SessionCore

/// The bodies of the commands that begin sessions and use their tokens, one function each (contract §3).
extension CommandReader {
    func createSession(from reader: inout ObjectReader) throws(Failure) -> CreateSession {
        CreateSession(
            subject: try reader.subject(),
            policy: try reader.exactText("policy", length: 1...64) ?? SessionPolicy.defaultName,
            device: try reader.device(), context: try reader.context(), authentication: try reader.authentication(),
            factor: try reader.factor(of: factorKinds),
            parent: try reader.string("parentId", length: 1...128).map { .init(id: SessionID($0)) },
            actor: try reader.exactText("actor", length: 1...256), attributes: try reader.attributes() ?? [:],
            idleSeconds: try reader.seconds("idleSeconds"), absoluteSeconds: try reader.seconds("absoluteSeconds"))
    }

    func validateSession(from reader: inout ObjectReader) throws(Failure) -> ValidateSession {
        let token = try reader.required(
            "token", try reader.tokenOrAccessToken("token", by: tokens))
        let requirement = try reader.nested("require") { reader throws(Failure) in
            ValidateSession.Requirement(
                level: try reader.integer("level", in: 1...3),
                maxAuthenticationAgeSeconds: try reader.seconds("maxAuthenticationAgeSeconds"))
        }
        return ValidateSession(
            token: token, context: try reader.context(), requirement: requirement ?? .init(),
            touch: try reader.boolean("touch") ?? true)
    }

    func refreshSession(from reader: inout ObjectReader) throws(Failure) -> RefreshSession {
        RefreshSession(
            refreshToken: try reader.required(
                "refreshToken", try reader.token("refreshToken", as: .refresh, by: tokens)),
            context: try reader.context())
    }

    func elevateSession(from reader: inout ObjectReader) throws(Failure) -> ElevateSession {
        let token = try reader.required("token", try reader.token("token", as: .session, by: tokens))
        let proof: ElevateSession.Proof
        switch (try reader.factor(of: factorKinds), try reader.authentication()) {
        case (let factor?, nil): proof = .factor(factor)
        case (nil, let authentication?): proof = .authentication(authentication)
        case (nil, nil):
            throw reader.missing("factor", "authentication", because: "one of factor and authentication is required")
        case (.some, .some): throw reader.failure("authentication", "does not go with factor")
        }
        return ElevateSession(token: token, proof: proof, context: try reader.context())
    }

    func reauthenticateSession(from reader: inout ObjectReader) throws(Failure) -> ReauthenticateSession {
        let token: TokenReference
        switch (
            try reader.token("token", as: .session, by: tokens),
            try reader.token("refreshToken", as: .refresh, by: tokens)
        ) {
        case (let session?, nil): token = session
        case (nil, let refresh?): token = refresh
        case (nil, nil):
            throw reader.missing("token", "refreshToken", because: "one of token and refreshToken is required")
        case (.some, .some): throw reader.failure("refreshToken", "does not go with token")
        }
        return ReauthenticateSession(
            token: token, authentication: try reader.required("authentication", try reader.authentication()),
            context: try reader.context())
    }

    func updateSession(from reader: inout ObjectReader) throws(Failure) -> UpdateSession {
        UpdateSession(
            target: try sessionTarget(from: &reader), attributes: try reader.attributes(),
            device: try reader.device(), context: try reader.context())
    }

    func beginTransfer(from reader: inout ObjectReader) throws(Failure) -> BeginTransfer {
        BeginTransfer(
            token: try reader.required("token", try reader.token("token", as: .session, by: tokens)),
            keepOriginal: try reader.boolean("keepOriginal") ?? false, context: try reader.context())
    }

    func completeTransfer(from reader: inout ObjectReader) throws(Failure) -> CompleteTransfer {
        CompleteTransfer(
            ticket: try reader.required("ticket", try reader.token("ticket", as: .ticket, by: tokens)),
            device: try reader.device(), context: try reader.context())
    }

    /// One of `token` and `sessionId`.
    func sessionTarget(from reader: inout ObjectReader) throws(Failure) -> SessionTarget {
        switch (try reader.token("token", as: .session, by: tokens), try reader.string("sessionId", length: 1...128)) {
        case (let token?, nil): return .token(token)
        case (nil, let id?): return .session(SessionID(id))
        case (nil, nil):
            throw reader.missing("token", "sessionId", because: "one of token and sessionId is required")
        case (.some, .some): throw reader.failure("sessionId", "does not go with token")
        }
    }
}
