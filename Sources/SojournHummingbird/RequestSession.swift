import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import LogMetadata
import Logging
public import SojournClient
import SojournVerifier
import Synchronization

/// The session of a request, and what a handler may do with it.
///
/// What begins, replaces or ends the session also sets the response's cookie, so call it before the response begins.
public final class RequestSession: Sendable {
    struct State {
        var credential: RequestCredential
        var session: AuthenticatedSession?
        /// To send with the response.
        var cookie: HTTPField?
        var isAnswered = false
        /// How often the session was replaced or ended. What was asked about the one before says nothing about this one.
        var changes = 0

        mutating func change(to credential: RequestCredential, _ session: AuthenticatedSession?, _ cookie: HTTPField) {
            self.credential = credential
            self.session = session
            self.cookie = cookie
            changes += 1
        }
    }

    let settings: MiddlewareSettings
    let state: Mutex<State>
    let logger: Logger
    /// Whether it is safe, or a page of ours sent it: only for those the cookie is set or deleted.
    let isOwn: Bool
    /// Whether the response may make the browser forget a cookie with which nothing can be done.
    private let mayForget: Bool
    /// Where the request comes from, as the policy's context rules compare it.
    public let context: SojournClient.Context

    init(
        _ settings: MiddlewareSettings, _ credential: RequestCredential, _ context: SojournClient.Context,
        of request: Request, isOwn: Bool, logger: Logger
    ) {
        self.settings = settings
        self.context = context
        self.isOwn = isOwn
        self.logger = logger
        // The answer to a script may arrive after that to a login in another tab, whose cookie it would delete.
        let mode = request.headers[values: Self.fetchMode]
        mayForget = (mode.isEmpty || mode == ["navigate"]) && settings.cookie.occurs(in: request.headers)
        state = Mutex(State(credential: credential))
    }

    private static let fetchMode = HTTPField.Name("Sec-Fetch-Mode")!

    /// The session, as last looked at; `nil` if nobody has, or there is none.
    public var session: AuthenticatedSession? { state.withLock { $0.session } }

    /// Whether this request's browser sent a session token, or was given one: it may have ended.
    public var hasSessionToken: Bool { token != nil }

    /// The session, if there is one.
    ///
    /// - Throws: ``RequestRefusal`` `unavailable` or `SojournError` if nobody could be asked, which the middleware answers with 503;
    ///   `SojournError` such as `notPermitted` if the service may not ask, which it answers with 500.
    public func find() async throws -> AuthenticatedSession? {
        do { return try await judge(SessionRequirement()) } catch let refusal as RequestRefusal
            where refusal.status != .serviceUnavailable
        {
            return nil
        }
    }

    /// The session, if it meets a requirement.
    ///
    /// - Throws: ``RequestRefusal``; `SojournError` as above.
    @discardableResult
    public func require(_ requirement: SessionRequirement = SessionRequirement()) async throws -> AuthenticatedSession {
        let changes = state.withLock { $0.changes }
        do { return try await judge(requirement) } catch let refusal as RequestRefusal {
            // A cookie that nothing can be done with is no use to keep.
            if refusal.status == .unauthorized, refusal.remedy == nil || refusal.remedy == .login, mayForget {
                state.withLock { if $0.changes == changes { $0.cookie = settings.cookie.deletion } }
            }
            throw refusal
        }
    }

    private func judge(_ requirement: SessionRequirement) async throws -> AuthenticatedSession {
        let (credential, changes) = state.withLock { state in
            state.session = nil
            return (state.credential, state.changes)
        }
        let session =
            switch credential {
            case .none: throw RequestRefusal.noSession(takesAccessTokens: settings.verifier != nil)
            case .cookie(let token): try await judge(cookie: token, requirement)
            case .accessToken(let token): try await judge(accessToken: token, requirement)
            }
        state.withLock { if $0.changes == changes { $0.session = session } }
        return session
    }

    private func judge(cookie token: String, _ requirement: SessionRequirement) async throws -> AuthenticatedSession {
        switch try await validate(token, requirement) {
        case .invalid(let refusal): throw RequestRefusal(refusal)
        case .valid(let session, _):
            guard requirement.isMet(byMethods: session.methods) else {
                throw RequestRefusal.ofCookie(RequestRefusal.methodMissing, .elevate)
            }
            return .session(session)
        }
    }

    private func judge(
        accessToken token: String, _ requirement: SessionRequirement
    ) async throws -> AuthenticatedSession {
        guard requirement.acceptsAccessTokens else { throw RequestRefusal.insufficientScope }
        let verified = try await verify(token)
        guard requirement.asksWorker else {
            if let (reason, remedy) = requirement.shortfall(of: verified) {
                throw RequestRefusal.insufficientAuthentication(reason, remedy, requirement)
            }
            return .accessToken(verified)
        }
        switch try await validate(token, requirement) {
        case .valid(let session, _):
            guard requirement.isMet(byMethods: session.methods) else {
                throw RequestRefusal.insufficientAuthentication(RequestRefusal.methodMissing, .elevate, requirement)
            }
            return .session(session)
        case .invalid(let refusal):
            let isInsufficient = [.levelTooLow, .authenticationTooOld].contains(refusal.reason)
            throw isInsufficient
                ? RequestRefusal.insufficientAuthentication(refusal.reason.rawValue, refusal.remedy, requirement)
                : RequestRefusal.invalidToken(refusal.reason.rawValue, refusal.remedy)
        }
    }

    private func verify(_ token: String) async throws -> VerifiedAccessToken {
        guard let verifier = settings.verifier else { throw RequestRefusal.unavailable }
        let verified: VerifiedAccessToken
        do { verified = try await verifier.verify(token, context: context) } catch {
            throw error.isUndecided ? .unavailable : RequestRefusal.invalidToken(error.reason.rawValue)
        }
        // Issuer and audience are the same for all tenants.
        guard verified.tenant == settings.configuration.tenant else {
            throw RequestRefusal.invalidToken(Validation.Reason.unknown.rawValue)
        }
        return verified
    }

    private func validate(_ token: String, _ requirement: SessionRequirement) async throws -> Validation {
        try await settings.service.validate(
            token, context: context, require: requirement.forWorker, options: settings.options)
    }
}

extension SessionRequirement {
    func isMet(byMethods methods: [String]) -> Bool { self.methods.map { !$0.isDisjoint(with: methods) } ?? true }

    /// What an access token lacks, by the claims in it and this machine's clock.
    fileprivate func shortfall(of token: VerifiedAccessToken) -> (String, Validation.Remedy)? {
        if let level, token.level < level { return (Validation.Reason.levelTooLow.rawValue, .elevate) }
        if let age = maxAuthenticationAgeSeconds {
            guard let at = token.authenticatedAt, Date().timeIntervalSince(at) <= Double(age) else {
                return (Validation.Reason.authenticationTooOld.rawValue, .reauthenticate)
            }
        }
        return isMet(byMethods: token.methods) ? nil : (RequestRefusal.methodMissing, .elevate)
    }
}
