import SessionCore

/// The bodies of the commands, one function each (contract §3).
extension CommandReader {
    func createSession(from reader: inout ObjectReader) throws(Failure) -> CreateSession {
        let create = CreateSession(
            subject: try reader.subject(),
            policy: try reader.string("policy", length: 1...64) ?? SessionPolicy.defaultName,
            device: try reader.device(), context: try reader.context(), authentication: try reader.authentication(),
            actor: try reader.string("actor", length: 1...256), attributes: try reader.attributes(),
            idleSeconds: try reader.seconds("idleSeconds"), absoluteSeconds: try reader.seconds("absoluteSeconds"))
        try refuseUnsupported(in: &reader)
        return create
    }

    func validateSession(from reader: inout ObjectReader) throws(Failure) -> ValidateSession {
        guard let token = try reader.token("token", as: .session, by: tokens) else {
            throw reader.failure("token", "is required")
        }
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
        guard let token = try reader.token("refreshToken", as: .refresh, by: tokens) else {
            throw reader.failure("refreshToken", "is required")
        }
        return RefreshSession(refreshToken: token, context: try reader.context())
    }

    func revokeSessions(from reader: inout ObjectReader) throws(Failure) -> RevokeSessions {
        let token = try reader.token("token", as: .session, by: tokens)
        let sessionID = try reader.string("sessionId", length: 1...128)
        let subject = try reader.string("subject", length: 1...256)
        let exception = try exception(from: &reader)
        _ = try reader.boolean("cascade")

        let target: RevokeSessions.Target
        switch (token, sessionID, subject) {
        case (let token?, nil, nil): target = .token(token)
        case (nil, let id?, nil): target = .session(SessionID(id))
        case (nil, nil, let subject?): target = .subject(subject, except: exception)
        case (nil, nil, nil): throw reader.failure("token", "one of token, sessionId and subject is required")
        case (.some, .some, _): throw reader.failure("sessionId", "goes with neither token nor subject")
        case (_, _, .some): throw reader.failure("subject", "goes with neither token nor sessionId")
        }
        if exception != nil, subject == nil { throw reader.failure("except", "goes with subject alone") }
        guard let word = try reader.string("reason", length: 0...64) else { return RevokeSessions(target: target) }
        guard let reason = EndReason(callers: word) else {
            throw reader.failure(
                "reason", "must be 1 to 64 of a-z, 0-9 and _, and not a reason that Sojourn gives itself")
        }
        return RevokeSessions(target: target, reason: reason)
    }

    /// `except` is a token or an id; an id is told by its prefix.
    private func exception(from reader: inout ObjectReader) throws(Failure) -> RevokeSessions.Exception? {
        guard let text = try reader.string("except", length: 1...4096) else { return nil }
        if text.hasPrefix(SessionID.prefix) { return .session(SessionID(text)) }
        return .token(tokens.read(text, as: .session).map(TokenReference.genuine) ?? .malformed)
    }

    /// What this version does not carry out yet is read, and then refused: to ignore it would weaken what was asked for.
    private func refuseUnsupported(in reader: inout ObjectReader) throws(Failure) {
        if try reader.factor() { throw reader.failure("factor", "is not supported by this version") }
        if try reader.string("parentId", length: 1...128) != nil {
            throw reader.failure("parentId", "is not supported by this version")
        }
    }
}

/// How a user proves a second factor.
private enum FactorKind: String, CaseIterable {
    case totp
    case recovery
}

extension ObjectReader {
    /// Whether there is a well-formed `factor`.
    fileprivate mutating func factor() throws(Failure) -> Bool {
        let factor: Bool? = try nested("factor") { reader throws(Failure) in
            guard try reader.word("type", as: FactorKind.self) != nil else {
                throw reader.failure("type", "is required")
            }
            _ = try reader.required("code", length: 1...64)
            return true
        }
        return factor ?? false
    }
}
