import FoundationEssentials
import NIOHTTP1
import SessionEngine

/// The response to a request at the admin address.
struct AdminAnswer: Sendable {
    var status: Int
    var headers: [(String, String)]
    var body: [UInt8]
}

/// The admin endpoints. Each is a line in `answer` and a function below it.
struct AdminRoutes: Sendable {
    var health: HealthState
    /// `nil` if the metrics system belongs to an embedding program, which exposes them itself.
    var metrics: PrometheusMetrics?
    /// It ignores whether the servers are reachable: restarting the worker does not bring a broker back.
    var liveness: Liveness
    /// The JSON Web Key Set (RFC 7517) for verifying access tokens.
    var keySet: @Sendable () -> [UInt8]
    /// `nil` without metrics, from which it is made.
    var status: StatusReader?

    /// - Parameter target: as in the request line; the query is ignored.
    func answer(to method: HTTPMethod, _ target: String) -> AdminAnswer {
        let endpoint: () -> AdminAnswer
        switch target.prefix(while: { $0 != "?" }) {
        case "/":
            guard status != nil else { return .json(Failure(error: "not found"), status: 404) }
            endpoint = { StatusPage.answer }
        case "/status.json":
            guard let status else { return .json(Failure(error: "not found"), status: 404) }
            endpoint = { .json(status.status, status: 200) }
        case "/livez": endpoint = livez
        case "/readyz": endpoint = readyz
        case "/metrics":
            guard let metrics else { return .json(Failure(error: "not found"), status: 404) }
            endpoint = { page(of: metrics) }
        case "/.well-known/jwks.json": endpoint = keys
        default: return .json(Failure(error: "not found"), status: 404)
        }
        guard method == .GET || method == .HEAD else {
            var answer = AdminAnswer.json(Failure(error: "only GET and HEAD are answered here"), status: 405)
            answer.headers.append(("allow", "GET, HEAD"))
            return answer
        }
        return endpoint()
    }

    /// No endpoint accepts a body.
    var answerToBody: AdminAnswer {
        .json(Failure(error: "no request here has a body"), status: 413)
    }

    private func livez() -> AdminAnswer {
        let report = liveness.report
        if report.isAlive { return .json(Status(status: "alive"), status: 200) }
        return .json(Status(status: "not alive", stuck: report.stuck), status: 503)
    }

    private func readyz() -> AdminAnswer {
        let report = health.report
        let waitingFor = report.waitingFor.keys.sorted()
        let status: String
        switch report.status {
        case .ready:
            return .json(Status(status: "ready"), status: 200)
        case .notReady:
            status = "not ready"
        case .draining:
            status = "draining"
        }
        return .json(Status(status: status, waitingFor: waitingFor, reasons: report.waitingFor), status: 503)
    }

    private func page(of metrics: PrometheusMetrics) -> AdminAnswer {
        .uncached(Array(metrics.exposition().utf8), type: PrometheusExposition.contentType, status: 200)
    }

    /// Public, and cacheable for a while: a verifier that meets an unknown key fetches the set again.
    private func keys() -> AdminAnswer {
        AdminAnswer(
            status: 200,
            headers: [("content-type", "application/jwk-set+json"), ("cache-control", "public, max-age=60")],
            body: keySet())
    }

    /// Keys that do not apply are omitted, as everywhere in the contract.
    private struct Status: Encodable {
        var status: String
        var waitingFor: [String]?
        var reasons: [String: String]?
        /// Parts of the worker that do not respond.
        var stuck: [String]?
    }

    private struct Failure: Encodable {
        var error: String
    }
}

extension AdminAnswer {
    /// Keys are sorted, so that the same state gives the same text.
    fileprivate static func json(_ value: some Encodable, status: Int) -> AdminAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding cannot fail: all numbers are finite.
        let bytes = (try? encoder.encode(value)) ?? Data()
        return .uncached(bytes + [UInt8(ascii: "\n")], type: "application/json", status: status)
    }

    /// Never cached: a cached state would be wrong.
    static func uncached(_ body: [UInt8], type: String, status: Int) -> AdminAnswer {
        AdminAnswer(
            status: status, headers: [("content-type", type), ("cache-control", "no-store")], body: body)
    }
}
