import Hummingbird
import SojournClient
import SojournHummingbird
import SojournVerifier

// What README.md and docs/web.md show.

/// A service in which every request knows its session, and accounts are for those who have one.
func shop(_ client: SessionClient) throws -> Router<BasicSojournRequestContext> {
    let router = Router(context: BasicSojournRequestContext.self)
    router.add(middleware: try SessionMiddleware(.init(origins: ["https://shop.example"]), client))
    router.group("account").add(middleware: RequireSession()).get { _, context in
        "Hello, \(try context.authenticatedSession().subject)"
    }
    return router
}

/// The same behind a reverse proxy, with a login, and payments for which a second factor is required.
///
/// - Parameter authenticate: says who is there: by a password or a passkey, for example.
func shop(
    _ client: SessionClient, authenticate: @escaping @Sendable (Request) async throws -> String,
    pay: @escaping @Sendable (Request, String) async throws -> Response
) throws -> Router<BasicSojournRequestContext> {
    var configuration = SessionMiddlewareConfiguration(origins: ["https://shop.example"])
    configuration.proxies = 1

    let router = Router(context: BasicSojournRequestContext.self)
    router.add(middleware: try SessionMiddleware(configuration, client))
    router.post("log-in") { request, context in
        let subject = try await authenticate(request)
        try await context.requestSession().begin(subject, authentication: Authentication(methods: ["pwd"]))
        return Response.redirect(to: "/")
    }
    router.group("payments").add(middleware: RequireSession(SessionRequirement(level: 2))).post { request, context in
        try await pay(request, context.authenticatedSession().subject)
    }
    return router
}

/// Takes access tokens, too.
func acceptTokens(
    _ router: Router<BasicSojournRequestContext>, _ configuration: SessionMiddlewareConfiguration,
    _ client: SessionClient, _ verifier: SessionVerifier
) throws {
    router.add(middleware: try SessionMiddleware(configuration, client, verifier: verifier))
}
