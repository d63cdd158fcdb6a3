import HTTPTypes
public import Hummingbird
import LogMetadata
import Logging
public import SojournClient
public import SojournVerifier

/// Sojourn's sessions in a service with Hummingbird: gives each request a ``RequestSession``, in `context.sojourn`, and keeps the
/// browser's cookie.
///
///     let router = Router(context: BasicSojournRequestContext.self)
///     router.add(middleware: try SessionMiddleware(.init(origins: ["https://shop.example"]), client))
///     router.group("account").add(middleware: RequireSession()).get { _, context in
///         "Hello, \(try context.authenticatedSession().subject)"
///     }
///
/// Nothing is asked of a worker until a ``RequireSession`` or a handler wants to know. Requests of other sites that may change
/// something are refused here, whatever their path. docs/web.md has the rest.
public struct SessionMiddleware<Context: SojournRequestContext>: RouterMiddleware {
    private let settings: MiddlewareSettings

    /// - Parameters:
    ///   - configuration: the cookie, the origins of one's own pages, and limits.
    ///   - service: usually a `SessionClient`.
    ///   - verifier: for access tokens in `Authorization: Bearer`. If `nil`, that header is not looked at.
    /// - Throws: `SojournError` `invalidConfiguration`.
    public init(
        _ configuration: SessionMiddlewareConfiguration, _ service: some SessionService,
        verifier: SessionVerifier? = nil
    ) throws(SojournError) {
        settings = try MiddlewareSettings(configuration, service, verifier)
    }

    /// - Throws: ``RequestRefusal`` for a request of another site and for credentials that contradict each other.
    public func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let credential = try RequestCredential(
            in: request.headers, cookie: settings.cookie, takesAccessTokens: settings.verifier != nil)
        let isOwn = settings.origins.admit(request)
        // No page can make a browser send an access token that it does not know itself; and without a cookie, none is changed.
        if case .accessToken = credential {} else if !isOwn { throw RequestRefusal.crossSite }
        var client = ClientContext.of(
            request.headers, peer: context.remoteAddress, proxies: settings.configuration.proxies)
        settings.configuration.completeContext?(request, &client)
        let mine = RequestSession(settings, credential, client, of: request, isOwn: isOwn, logger: context.logger)
        var context = context
        context.sojourn = mine
        return mine.answer(with: try await response(to: request, mine, context, next))
    }

    /// The response to an error gets the cookie as well, so it is made here: what the router makes of an error comes too late.
    private func response(
        to request: Request, _ mine: RequestSession, _ context: Context,
        _ next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do { return try await next(request, context) } catch let error as SojournError {
            let problem = error.isOutage ? "Sojourn has not answered" : "Sojourn has refused a command of the service"
            context.logger.error("\(problem)", metadata: [LogKey.code: "\(error.code)"])
            return error.isOutage
                ? try RequestRefusal.unavailable.response(from: request, context: context)
                : Response(status: .internalServerError)
        } catch let error as any HTTPResponseError {
            return try error.response(from: request, context: context)
        } catch  where mine.hasCookieToSend {
            context.logger.error("a handler has failed", metadata: [LogKey.error: "\(type(of: error))"])
            return Response(status: .internalServerError)
        }
    }
}
