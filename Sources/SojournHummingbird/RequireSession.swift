public import Hummingbird

/// Lets only requests with a session pass, or only those whose session meets a requirement.
///
///     router.group("account").add(middleware: RequireSession()).get { … }
///     router.group("pay").add(middleware: RequireSession(SessionRequirement(level: 2))).post { … }
///
/// Each asks a worker about a cookie, so put groups with different requirements beside one another rather than into one another.
public struct RequireSession<Context: SojournRequestContext>: RouterMiddleware {
    private let requirement: SessionRequirement

    /// - Parameter requirement: what the session has to meet; by default only that it is valid.
    public init(_ requirement: SessionRequirement = SessionRequirement()) { self.requirement = requirement }

    /// - Throws: ``RequestRefusal`` without such a session; `SojournError` as ``RequestSession/find()``.
    public func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        try await context.requestSession().require(requirement)
        return try await next(request, context)
    }
}
