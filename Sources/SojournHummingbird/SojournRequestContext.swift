public import Hummingbird
public import NIOCore

/// A request context with room for the request's session. ``SessionMiddleware`` fills it.
public protocol SojournRequestContext: RemoteAddressRequestContext {
    /// `nil` where no ``SessionMiddleware`` is before the route.
    var sojourn: RequestSession? { get set }
}

extension SojournRequestContext {
    /// The request's session.
    ///
    /// - Throws: ``MissingSessionMiddleware``.
    public func requestSession() throws -> RequestSession {
        guard let sojourn else { throw MissingSessionMiddleware() }
        return sojourn
    }

    /// The session that a ``RequireSession`` before the route has let pass.
    ///
    /// - Throws: ``RequestRefusal`` `no_session`; ``MissingSessionMiddleware``.
    public func authenticatedSession() throws -> AuthenticatedSession {
        let mine = try requestSession()
        guard let session = mine.session else {
            throw RequestRefusal.noSession(takesAccessTokens: mine.settings.verifier != nil)
        }
        return session
    }
}

/// The service has a mistake: a route needs a ``SessionMiddleware`` before it, and there is none.
public struct MissingSessionMiddleware: Error, CustomStringConvertible {
    public var description: String {
        "no SessionMiddleware is before this route: add it to the router before its routes"
    }
}

/// For services whose request context needs nothing else.
public struct BasicSojournRequestContext: SojournRequestContext {
    public var coreContext: CoreRequestContextStorage
    public var sojourn: RequestSession?
    public let remoteAddress: SocketAddress?

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
