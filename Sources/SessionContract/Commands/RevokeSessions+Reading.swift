package import SessionCore

extension RevokeSessions: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> RevokeSessions {
        if let narrowing = try massRevocation(from: &body) {
            return RevokeSessions(target: .all(narrowing), reason: try body.reason() ?? .revoked)
        }
        let token = try body.token("token", as: .session, by: reader.tokens)
        let sessionID = try body.string("sessionId", length: 1...128)
        let subject = try body.exactText("subject", length: 1...256)
        let exception = try exception(from: &body, by: reader.tokens)

        let target: Target
        switch (token, sessionID, subject) {
        case (let token?, nil, nil): target = .token(token)
        case (nil, let id?, nil): target = .session(SessionID(id))
        case (nil, nil, let subject?): target = .subject(subject, except: exception)
        case (nil, nil, nil):
            throw body.missing(
                "token", "sessionId", "subject", "all",
                because: "one of token, sessionId, subject and all is required")
        case (.some, .some, _): throw body.failure("sessionId", "cannot be combined with token or subject")
        case (_, _, .some): throw body.failure("subject", "cannot be combined with token or sessionId")
        }
        if exception != nil, subject == nil { throw body.failure("except", "requires subject") }
        return RevokeSessions(
            target: target, reason: try body.reason() ?? .revoked, cascade: try body.boolean("cascade") ?? true)
    }

    /// The filters of `all`; `nil` if `all` is absent, and then its filters must be absent too. Combined with any other
    /// target, `all` is rejected: nobody means both.
    private static func massRevocation(
        from body: inout ObjectReader
    ) throws(Failure) -> MassRevocation.Narrowing? {
        let narrowing = MassRevocation.Narrowing(
            begunBefore: try body.timestamp("begunBefore"),
            deviceID: try body.exactText("deviceId", length: 1...256),
            policy: try body.exactText("policy", length: 1...64),
            network: try body.addressBlock("network"))
        guard let isAll = try body.boolean("all") else {
            for key in ["begunBefore", "deviceId", "policy", "network"] where body.value(key) != nil {
                throw body.failure(key, "requires all")
            }
            return nil
        }
        guard isAll else { throw body.failure("all", "must be true, or absent") }
        for key in ["token", "sessionId", "subject", "except", "cascade"] where body.value(key) != nil {
            throw body.failure(key, "cannot be combined with all")
        }
        return narrowing
    }

    /// `except` is a token or a session id, distinguished by the prefix.
    private static func exception(
        from body: inout ObjectReader, by tokens: any TokenScheme
    ) throws(Failure) -> Exception? {
        guard let text = try body.string("except", length: 1...ObjectReader.maxTokenLength) else { return nil }
        if text.hasPrefix(SessionID.prefix) { return .session(SessionID(text)) }
        return .token(tokens.read(text, as: .session).map(TokenReference.genuine) ?? .malformed)
    }
}
