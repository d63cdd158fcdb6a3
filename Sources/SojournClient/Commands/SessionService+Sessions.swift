extension SessionService {
    /// Begins a session (`session.create`).
    ///
    /// - Parameters:
    ///   - subject: the user, as your service names it: 1 to 256 characters.
    ///   - policy: the name of its policy; `default` if `nil`.
    ///   - device: the user's device.
    ///   - context: where the request comes from.
    ///   - authentication: what your service has verified. The level follows from it.
    ///   - factor: a code for Sojourn to verify beside it.
    ///   - parentID: the session that it ends with.
    ///   - actor: who acts on the subject's behalf.
    ///   - attributes: at most 16 KiB as JSON.
    ///   - idleSeconds: when it expires without activity; at most the policy's.
    ///   - absoluteSeconds: when it expires whatever happens; at most the policy's.
    ///   - options: what applies to any command.
    /// - Throws: ``SojournError``: `limitReached`, `subjectDisabled`, `policyNotFound`, `factorRejected`, `parentNotActive`, ….
    public func createSession(
        subject: String, policy: String? = nil, device: Device? = nil, context: Context? = nil,
        authentication: Authentication? = nil, factor: FactorCode? = nil, parentID: String? = nil,
        actor: String? = nil, attributes: [String: AttributeValue]? = nil, idleSeconds: Int? = nil,
        absoluteSeconds: Int? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> CreatedSession {
        try await result(
            of: "session.create",
            [
                "subject": subject, "policy": policy, "device": device, "context": context,
                "authentication": authentication, "factor": factor, "parentId": parentID, "actor": actor,
                "attributes": attributes, "idleSeconds": idleSeconds, "absoluteSeconds": absoluteSeconds,
            ], options)
    }

    /// Asks whether a token is valid now (`session.validate`). After the reply to a revocation, it never is again.
    ///
    /// - Parameters:
    ///   - token: a session token or an access token.
    ///   - context: where the request comes from.
    ///   - require: what the session must meet as well.
    ///   - touch: whether this is activity of the user, which postpones the idle expiry.
    ///   - options: what applies to any command.
    public func validate(
        _ token: String, context: Context? = nil, require: Requirement? = nil, touch: Bool = true,
        options: CommandOptions = CommandOptions()
    ) async throws -> Validation {
        try await result(
            of: "session.validate",
            ["token": token, "context": context, "require": require, "touch": touch ? nil : false], options)
    }

    /// Exchanges a refresh token for new refresh and access tokens (`session.refresh`).
    ///
    /// - Throws: ``SojournError``: `refreshTokenReused`, `tokenExpired`, `reauthenticationRequired`, `sessionEnded`, ….
    public func refresh(
        _ refreshToken: String, context: Context? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> RefreshedSession {
        try await result(of: "session.refresh", ["refreshToken": refreshToken, "context": context], options)
    }

    /// Raises a session's level, or ends its waiting for a second factor (`session.elevate`). All its tokens are replaced.
    ///
    /// - Throws: ``SojournError``: `factorRejected`, `factorLocked`, `tokenInvalid`, ….
    public func elevate(
        _ token: String, with proof: Proof, context: Context? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> RenewedSession {
        var body: CommandBody = ["token": token, "context": context]
        switch proof {
        case .factor(let factor): body["factor"] = factor
        case .authentication(let authentication): body["authentication"] = authentication
        }
        return try await result(of: "session.elevate", body, options)
    }

    /// Notes that the user has authenticated again (`session.reauthenticate`): also after idle expiry, within the policy's window.
    /// All its tokens are replaced.
    public func reauthenticate(
        _ credential: Credential, authentication: Authentication, context: Context? = nil,
        options: CommandOptions = CommandOptions()
    ) async throws -> RenewedSession {
        var body: CommandBody = ["authentication": authentication, "context": context]
        switch credential {
        case .sessionToken(let token): body["token"] = token
        case .refreshToken(let token): body["refreshToken"] = token
        }
        return try await result(of: "session.reauthenticate", body, options)
    }

    /// Changes what is stored with a session (`session.update`).
    ///
    /// - Parameters:
    ///   - session: which one.
    ///   - attributes: a merge patch (RFC 7396): a key that is `null` is removed.
    ///   - device: the user's device, as it is now.
    ///   - context: where the request comes from.
    ///   - options: what applies to any command.
    public func updateSession(
        _ session: SessionReference, attributes: [String: AttributeValue]? = nil, device: Device? = nil,
        context: Context? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> Session {
        var body: CommandBody = ["attributes": attributes, "device": device, "context": context]
        session.name(in: &body)
        return try await result(of: "session.update", body, options, as: SessionData.self).session
    }

    /// A session, in whatever status (`session.get`).
    ///
    /// - Throws: ``SojournError``: `sessionNotFound`, `tokenInvalid`.
    public func session(
        _ session: SessionReference, options: CommandOptions = CommandOptions()
    ) async throws -> Session {
        var body: CommandBody = [:]
        session.name(in: &body)
        return try await result(of: "session.get", body, options, as: SessionData.self).session
    }

    /// A page of a subject's sessions, each child after its parent, siblings oldest first (`session.list`).
    ///
    /// - Parameters:
    ///   - subject: whose sessions.
    ///   - includeEnded: whether to include those that have ended.
    ///   - limit: from 1 to 1000.
    ///   - cursor: ``SessionPage/next`` of the page before.
    ///   - options: what applies to any command.
    public func sessions(
        of subject: String, includeEnded: Bool = false, limit: Int? = nil, cursor: String? = nil,
        options: CommandOptions = CommandOptions()
    ) async throws -> SessionPage {
        try await result(
            of: "session.list",
            ["subject": subject, "includeEnded": includeEnded ? true : nil, "limit": limit, "cursor": cursor], options)
    }

    /// What happened to a session, newest first (`session.activity`).
    ///
    /// - Parameters:
    ///   - id: `ses_…`
    ///   - limit: from 1 to 200; 50 if `nil`.
    ///   - options: what applies to any command.
    public func activity(
        ofSession id: String, limit: Int? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> [ActivityEntry] {
        try await result(
            of: "session.activity", ["sessionId": id, "limit": limit], options, as: ActivityData.self
        ).entries
    }

    /// Issues a ticket that moves a session to another device (`session.transfer.begin`).
    ///
    /// - Parameters:
    ///   - token: its session token.
    ///   - keepOriginal: whether the session stays when the ticket is used.
    ///   - context: where the request comes from.
    ///   - options: what applies to any command.
    public func beginTransfer(
        _ token: String, keepOriginal: Bool = false, context: Context? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> TransferTicket {
        try await result(
            of: "session.transfer.begin",
            ["token": token, "keepOriginal": keepOriginal ? true : nil, "context": context], options)
    }

    /// Begins a session on another device with a ticket (`session.transfer.complete`).
    ///
    /// - Throws: ``SojournError``: `ticketInvalid`, ….
    public func completeTransfer(
        _ ticket: String, device: Device? = nil, context: Context? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> RenewedSession {
        try await result(
            of: "session.transfer.complete", ["ticket": ticket, "device": device, "context": context], options)
    }
}
