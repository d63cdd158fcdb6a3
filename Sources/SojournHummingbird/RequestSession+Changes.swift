import HTTPTypes
import Hummingbird
import HummingbirdCore
public import SojournClient
import Synchronization

extension RequestSession {
    /// Logs a subject in that you have authenticated. The parameters are those of `createSession`.
    ///
    /// The token is always a new one, and the session that the browser had ends: who planted its cookie gains nothing.
    ///
    /// - Returns: a session that may be pending: then it is good for ``elevate(with:)`` only.
    /// - Throws: `SojournError`; ``ResponseHasBegun``.
    @discardableResult
    public func begin(
        _ subject: String, policy: String? = nil, device: Device? = nil, authentication: Authentication? = nil,
        factor: FactorCode? = nil, attributes: [String: AttributeValue]? = nil
    ) async throws -> CreatedSession {
        let former = token
        try requireNoAnswer()
        let created = try await settings.service.createSession(
            subject: subject, policy: policy, device: device, context: context, authentication: authentication,
            factor: factor, attributes: attributes, options: settings.options)
        try replace(with: created.session, created.tokens)
        if let former {
            // If this fails, the browser has forgotten it all the same.
            _ = try? await settings.service.revoke(
                .token(former), reason: "logged_in_again", options: settings.options)
        }
        return created
    }

    /// Raises the session's level, or ends its waiting for a second factor.
    ///
    /// - Throws: `SojournError`, such as `factorRejected`; ``RequestRefusal`` `no_session`; ``ResponseHasBegun``.
    @discardableResult
    public func elevate(with proof: Proof) async throws -> RenewedSession {
        let token = try requireToken()
        try requireNoAnswer()
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
        try requireNoAnswer()
        let renewed = try await settings.service.reauthenticate(
            .sessionToken(token), authentication: authentication, context: context, options: settings.options)
        try replace(with: renewed.session, renewed.tokens)
        return renewed
    }

    /// Logs out: the browser forgets the token, and the session ends.
    ///
    /// - Throws: `SojournError`: the browser forgets the token all the same, but the session may still live. ``ResponseHasBegun``.
    public func end() async throws {
        let token = token
        try requireNoAnswer()
        state.withLock {
            $0.credential = .none
            $0.session = nil
            $0.cookie = settings.cookie.deletion
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

    var token: String? {
        state.withLock { if case .cookie(let token) = $0.credential { token } else { nil } }
    }

    private func requireToken() throws -> String {
        guard let token else { throw RequestRefusal.noSession(takesAccessTokens: false) }
        return token
    }

    private func requireNoAnswer() throws {
        guard !state.withLock({ $0.isAnswered }) else { throw ResponseHasBegun() }
    }

    private func replace(with session: Session, _ tokens: SessionTokens) throws {
        let cookie = try settings.cookie.setting(tokens.session)
        state.withLock {
            $0.credential = .cookie(tokens.session)
            $0.session = session.status == .active ? .session(session) : nil
            $0.cookie = cookie
        }
    }
}

/// The response has begun, so its cookie can no longer be set.
public struct ResponseHasBegun: Error, CustomStringConvertible {
    public var description: String { "the response has begun, so its cookie can no longer be set" }
}
