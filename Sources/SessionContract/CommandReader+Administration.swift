import SessionCore

/// The bodies of the commands that end, suspend, list and configure, one function each (contract §3).
extension CommandReader {
    func revokeSessions(from reader: inout ObjectReader) throws(Failure) -> RevokeSessions {
        if let narrowing = try massRevocation(from: &reader) {
            return RevokeSessions(target: .all(narrowing), reason: try reader.reason() ?? .revoked)
        }
        let token = try reader.token("token", as: .session, by: tokens)
        let sessionID = try reader.string("sessionId", length: 1...128)
        let subject = try reader.exactText("subject", length: 1...256)
        let exception = try exception(from: &reader)

        let target: RevokeSessions.Target
        switch (token, sessionID, subject) {
        case (let token?, nil, nil): target = .token(token)
        case (nil, let id?, nil): target = .session(SessionID(id))
        case (nil, nil, let subject?): target = .subject(subject, except: exception)
        case (nil, nil, nil):
            throw reader.missing(
                "token", "sessionId", "subject", "all",
                because: "one of token, sessionId, subject and all is required")
        case (.some, .some, _): throw reader.failure("sessionId", "goes with neither token nor subject")
        case (_, _, .some): throw reader.failure("subject", "goes with neither token nor sessionId")
        }
        if exception != nil, subject == nil { throw reader.failure("except", "goes with subject alone") }
        return RevokeSessions(
            target: target, reason: try reader.reason() ?? .revoked, cascade: try reader.boolean("cascade") ?? true)
    }

    /// What `all` is narrowed by; `nil` where it is not there, and then nothing may be that goes with it alone. What goes
    /// with the others is refused beside it: nobody means all and one.
    private func massRevocation(from reader: inout ObjectReader) throws(Failure) -> MassRevocation.Narrowing? {
        let narrowing = MassRevocation.Narrowing(
            begunBefore: try reader.timestamp("begunBefore"),
            deviceID: try reader.exactText("deviceId", length: 1...256),
            policy: try reader.exactText("policy", length: 1...64),
            network: try reader.addressBlock("network"))
        guard let isAll = try reader.boolean("all") else {
            for key in ["begunBefore", "deviceId", "policy", "network"] where reader.value(key) != nil {
                throw reader.failure(key, "goes with all alone")
            }
            return nil
        }
        guard isAll else { throw reader.failure("all", "must be true, or absent") }
        for key in ["token", "sessionId", "subject", "except", "cascade"] where reader.value(key) != nil {
            throw reader.failure(key, "does not go with all")
        }
        return narrowing
    }

    /// `except` is a token or an id; an id is told by its prefix.
    private func exception(from reader: inout ObjectReader) throws(Failure) -> RevokeSessions.Exception? {
        guard let text = try reader.string("except", length: 1...ObjectReader.maxTokenLength) else { return nil }
        if text.hasPrefix(SessionID.prefix) { return .session(SessionID(text)) }
        return .token(tokens.read(text, as: .session).map(TokenReference.genuine) ?? .malformed)
    }

    func lockSessions(from reader: inout ObjectReader) throws(Failure) -> LockSessions {
        let target: LockSessions.Target
        switch (try reader.string("sessionId", length: 1...128), try reader.exactText("subject", length: 1...256)) {
        case (let id?, nil): target = .session(SessionID(id))
        case (nil, let subject?): target = .subject(subject)
        case (nil, nil):
            throw reader.missing("sessionId", "subject", because: "one of sessionId and subject is required")
        case (.some, .some): throw reader.failure("subject", "does not go with sessionId")
        }
        return LockSessions(target: target, reason: try reader.reason())
    }

    func switchSubject(from reader: inout ObjectReader) throws(Failure) -> SwitchSubject {
        SwitchSubject(subject: try reader.subject(), reason: try reader.reason())
    }

    func listSessions(from reader: inout ObjectReader, tenant: String) throws(Failure) -> ListSessions {
        let subject = try reader.subject()
        return ListSessions(
            subject: subject, includeEnded: try reader.boolean("includeEnded") ?? false,
            limit: try reader.integer("limit", in: 1...ListSessions.maxLimit) ?? ListSessions.maxLimit,
            after: try place(from: &reader, of: tokens.handle(tenant: tenant, subject: subject.text)))
    }

    /// The place that `cursor` stands for.
    private func place(
        from reader: inout ObjectReader, of handle: @autoclosure () -> SubjectHandle
    ) throws(Failure) -> ListPlace? {
        guard let cursor = try reader.string("cursor", length: 1...ObjectReader.maxCursorLength) else { return nil }
        guard let place = tokens.place(of: cursor, of: handle()) else {
            throw reader.failure("cursor", "must be the next of a result for the same subject")
        }
        return place
    }

    func readActivity(from reader: inout ObjectReader) throws(Failure) -> ReadActivity {
        ReadActivity(
            session: SessionID(try reader.required("sessionId", length: 1...128)),
            limit: try reader.integer("limit", in: 1...ReadActivity.maxLimit) ?? ReadActivity.defaultLimit)
    }

    func enrollFactor(from reader: inout ObjectReader) throws(Failure) -> EnrollFactor {
        let subject = try reader.subject()
        guard try reader.required("type", length: 0...64).isExactly(FactorKind.totp.rawValue) else {
            throw reader.failure("type", "must be totp")
        }
        return EnrollFactor(
            subject: subject, label: try reader.string("label", length: 1...128) ?? EnrollFactor.defaultLabel,
            issuer: try reader.string("issuer", length: 1...128) ?? EnrollFactor.defaultIssuer)
    }

    func confirmFactor(from reader: inout ObjectReader) throws(Failure) -> ConfirmFactor {
        ConfirmFactor(
            subject: try reader.subject(), factorID: try reader.required("factorId", length: 1...128),
            code: Secret(try reader.required("code", length: 1...64)))
    }

    func removeFactor(from reader: inout ObjectReader) throws(Failure) -> RemoveFactor {
        RemoveFactor(subject: try reader.subject(), factorID: try reader.required("factorId", length: 1...128))
    }

    func putPolicy(from reader: inout ObjectReader) throws(Failure) -> PutPolicy {
        let name = try reader.policyName()
        let policy = try reader.nested("policy") { reader throws(Failure) in try PolicyReader.read(&reader) }
        return PutPolicy(name: name, policy: try reader.required("policy", policy))
    }
}

extension ObjectReader {
    /// A caller's word for why.
    fileprivate mutating func reason() throws(Failure) -> EndReason? {
        guard let word = try string("reason", length: 0...64) else { return nil }
        guard let reason = EndReason(callers: word) else {
            throw failure(
                "reason", "must be 1 to 64 of a-z, 0-9 and _, and not a reason that Sojourn gives itself")
        }
        return reason
    }
}
