import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// What the admin endpoints answer. Each is a line in `router()` and a function below it.
struct AdminRoutes: Sendable {
    var health: HealthState
    var metrics: PrometheusMetrics
    /// Whether the lanes run. Not whether the servers are there: restarting the worker brings no broker back.
    var isAlive: @Sendable () -> Bool
    /// The JSON Web Key Set (RFC 7517) that access tokens are verified with.
    var keySet: @Sendable () -> [UInt8]

    func router() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: AdminErrors())
        router.get("livez") { _, _ in livez() }
        router.get("readyz") { _, _ in readyz() }
        router.get("metrics") { _, _ in page() }
        router.get(".well-known/jwks.json") { _, _ in keys() }
        return router
    }

    private func livez() -> Response {
        isAlive()
            ? .json(Status(status: "alive"), status: .ok)
            : .json(Status(status: "not alive"), status: .serviceUnavailable)
    }

    private func readyz() -> Response {
        let report = health.report
        let waitingFor = report.waitingFor.keys.sorted()
        let status: String
        switch report.status {
        case .ready:
            return .json(Status(status: "ready"), status: .ok)
        case .notReady:
            status = "not ready"
        case .draining:
            status = "draining"
        }
        return .json(
            Status(status: status, waitingFor: waitingFor, reasons: report.waitingFor), status: .serviceUnavailable)
    }

    private func page() -> Response {
        .uncached(
            ByteBuffer(string: metrics.exposition()), type: PrometheusExposition.contentType, status: .ok)
    }

    /// Public, and good for a while: a verifier that meets an unknown key asks again.
    private func keys() -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/jwk-set+json", .cacheControl: "public, max-age=60"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: keySet())))
    }

    /// What does not apply is absent, as everywhere in the contract.
    private struct Status: Encodable {
        var status: String
        var waitingFor: [String]?
        var reasons: [String: String]?
    }
}

/// Refuses bodies, which nothing here has a use for, and answers every error as JSON.
///
/// `next` is `@concurrent` because Hummingbird's protocol, built without `NonisolatedNonsendingByDefault`, has it so.
private struct AdminErrors: RouterMiddleware {
    typealias Context = BasicRequestContext

    private struct Failure: Encodable {
        var error: String
    }

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.headers[.transferEncoding] == nil, (request.headers[.contentLength] ?? "0") == "0" else {
            var response = Response.json(Failure(error: "no request here has a body"), status: .contentTooLarge)
            response.headers[.connection] = "close"
            return response
        }
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError {
            return .json(Failure(error: error.status.reasonPhrase.lowercased()), status: error.status)
        }
    }
}

extension Response {
    /// Keys in order, so that the same state is the same text.
    fileprivate static func json(_ value: some Encodable, status: HTTPResponse.Status) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings, lists of them and dictionaries of them: there is nothing in them that JSON cannot express.
        let bytes = (try? encoder.encode(value)) ?? Data()
        return .uncached(ByteBuffer(bytes: bytes + [UInt8(ascii: "\n")]), type: "application/json", status: status)
    }

    /// A state that a cache remembers is a lie.
    fileprivate static func uncached(_ body: ByteBuffer, type: String, status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: body))
    }
}
