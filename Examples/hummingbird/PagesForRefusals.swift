import Hummingbird
import SojournClient
import SojournHummingbird

/// A refusal that a person can do something about becomes the page for it.
struct PagesForRefusals<Context: SojournRequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do { return try await next(request, context) } catch let refusal as RequestRefusal {
            guard let page = page(for: refusal) else { throw refusal }
            var response = Response(page, status: refusal.status)
            response.headers.append(contentsOf: refusal.headers[fields: .wwwAuthenticate])
            return response
        }
    }

    private func page(for refusal: RequestRefusal) -> HTML? {
        if refusal.remedy == .elevate { return Pages.confirmation }
        guard refusal.status == .unauthorized else { return nil }
        return Pages.logIn(refusal.code == "no_session" ? nil : "You have been logged out.")
    }
}
