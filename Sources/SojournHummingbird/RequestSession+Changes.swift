import HTTPTypes
import Hummingbird
import HummingbirdCore
import LogMetadata
import Logging
public import SojournClient
import Synchronization

extension RequestSession {
    /// Logs a subject in that you have authenticated. The parameters are those of `createSession`; for a session that comes about in
    /// another way, see ``adopt(_:_:)``.
    ///
    /// The token is always a new one, and the session that the browser had ends: who planted its cookie gains nothing.
    ///
    /// - Returns: a session that may be pending: then it is good for ``elevate(with:)`` only.
    /// - Throws: `SojournError`; ``RequestRefusal`` `cross_site_request`; ``ResponseHasBegun``.
    @discardableResult
    public func begin(
        _ subject: String, policy: String? = nil, device: Device? = nil, authentication: Authentication? = nil,
        factor: FactorCode? = nil, actor: String? = nil, attributes: [String: AttributeValue]? = nil
    ) async throws -> CreatedSession {
        let former = token
        try requireChangeable()
        let created = try await settings.service.createSession(
            subject: subject, policy: policy, device: device, context: context, authentication: authentication,
            factor: factor, actor: actor, attributes: attributes, options: settings.options)
        try await adopt(created.session, created.tokens, endingFormer: former)
        return created
    }

    /// Gives the browser a session that the service has begun or moved with its `SessionService`: by a transfer or an exchange of old
    /// tokens, for example. The session that the browser had ends.
    ///
    /// - Throws: ``RequestRefusal`` `cross_site_request`; ``ResponseHasBegun``. The session has then ended, too.
    public func adopt(_ session: Session, _ tokens: SessionTokens) async throws {
        try await adopt(session, tokens, endingFormer: token)
    }

    private func adopt(_ session: Session, _ tokens: SessionTokens, endingFormer former: String?) async throws {
        do {
            try requireChangeable()
            try replace(with: session, tokens)
        } catch {
            await revoke(tokens.session, reason: "no_response")
            throw error
        }
        if let former, former != tokens.session { await revoke(former, reason: "logged_in_again") }
    }

    /// Raises the session's level, or ends its waiting for a second factor.
    ///
    /// - Throws: `SojournError`, such as `factorRejected`; ``RequestRefusal`` `no_session`; ``ResponseHasBegun``.
    @discardableResult
    public func elevate(with proof: Proof) async throws -> RenewedSession {
        let token = try requireToken()
        try requireChangeable()
        let renewed = try await settings.service.elevate(
            token, with: proof, context: context, options: settings.options)
        try replace(with: renewed.session, renewed.tokens)
        return renewed
    }

    /// Notes that the subject has authenticated again, also after idle expiry.
    ///
    /// - Throws: `SojournError`; ``RequestRefusal`` `no_session`; ``ResponseHasBegun``.
    @discardableResult
    public func reauthenticate(_ authentication: Authentication) async throws -> RenewedSession {
        let token = try requireToken()
        try requireChangeable()
        let renewed = try await settings.service.reauthenticate(
            .sessionToken(token), authentication: authentication, context: context, options: settings.options)
        try replace(with: renewed.session, renewed.tokens)
        return renewed
    }

    /// Logs out: the browser forgets the token, and the session ends.
    ///
    /// - Throws: `SojournError`: the browser forgets the token all the same, but the session may still live. ``RequestRefusal``
    ///   `insufficient_scope` for an access token, which its own `session.revoke` ends; ``ResponseHasBegun``.
    public func end() async throws {
        try requireChangeable()
        let token = try state.withLock { state in
            if case .accessToken = state.credential { throw RequestRefusal.insufficientScope }
            let token = state.credential.sessionToken
            state.change(to: .none, nil, settings.cookie.deletion)
            return token
        }
        if let token {
            _ = try await settings.service.revoke(.token(token), reason: "logout", options: settings.options)
        }
    }

    /// Adds the cookie to a response. From now on it cannot be changed.
    func answer(with response: Response) -> Response {
        let cookie = state.withLock { state in
            state.isAnswered = true
            return state.cookie
        }
        guard let cookie else { return response }
        var response = response
        response.headers.append(cookie)
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// Whether the response will set or delete the cookie.
    var hasCookieToSend: Bool { state.withLock { $0.cookie != nil } }

    var token: String? { state.withLock { $0.credential.sessionToken } }

    private func requireToken() throws -> String {
        guard let token else { throw RequestRefusal.noSession(takesAccessTokens: false) }
        return token
    }

    private func requireChangeable() throws {
        guard isOwn else { throw RequestRefusal.crossSite }
        guard !state.withLock({ $0.isAnswered }) else { throw ResponseHasBegun() }
    }

    private func replace(with session: Session, _ tokens: SessionTokens) throws {
        let cookie = try settings.cookie.setting(tokens.session)
        try state.withLock { state in
            guard !state.isAnswered else { throw ResponseHasBegun() }
            state.change(to: .cookie(tokens.session), session.status == .active ? .session(session) : nil, cookie)
        }
    }

    /// Ends a session whose token no browser has any more.
    private func revoke(_ token: String, reason: String) async {
        do { _ = try await settings.service.revoke(.token(token), reason: reason, options: settings.options) } catch {
            let code = (error as? SojournError)?.code.rawValue ?? "\(type(of: error))"
            logger.warning("a session that no browser has any more was not revoked", metadata: [LogKey.code: "\(code)"])
        }
    }
}

/// The response has begun, so its cookie can no longer be set.
public struct ResponseHasBegun: Error, CustomStringConvertible {
    public var description: String { "the response has begun, so its cookie can no longer be set" }
}
