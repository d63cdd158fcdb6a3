import FoundationEssentials
import Logging
import Metrics
import ServiceLifecycle
import SessionEngine
import Testing

@testable import WorkerRuntime

@Suite("The admin endpoints", .timeLimit(.minutes(1)))
struct AdminServerTests {
    private let health = HealthState(waitingFor: ["redis", "rabbitmq"])
    private let metrics = PrometheusMetrics()
    private let liveness = Liveness(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    private var routes: AdminRoutes {
        AdminRoutes(
            health: health, metrics: metrics, liveness: liveness, keySet: { Array(#"{"keys":[]}"#.utf8) },
            status: StatusReader(
                metrics: metrics, health: health, liveness: liveness, problems: RecentProblems(), namespace: "n"))
    }

    /// Runs a server on a free loopback port while `body` runs.
    private func serving(_ body: (Int) async throws -> Void) async throws {
        let server = try await AdminServer.listen(
            at: SocketEndpoint(host: "127.0.0.1", port: 0), named: "SOJOURN_ADMIN_ADDRESS",
            answering: routes)
        let group = ServiceGroup(services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let running: Void = group.run()
        try await body(server.address.port)
        await group.triggerGracefulShutdown()
        try await running
    }

    private func isReady() {
        health.set(component: "redis", .up)
        health.set(component: "rabbitmq", .up)
    }

    @Test("/livez answers 200 while the lanes run, and 503 when they do not")
    func livez() async throws {
        try await serving { port in
            let alive = try await HTTPProbe.get("/livez", port: port)
            #expect(alive.status == 200)
            #expect(alive.body == "{\"status\":\"alive\"}\n")
            liveness.lanesHaveEnded()
            let ended = try await HTTPProbe.get("/livez", port: port)
            #expect(ended.status == 503)
            #expect(ended.body == #"{"status":"not alive","stuck":[]}"# + "\n")
        }
    }

    @Test("/readyz reports what is not ready and why, and answers 200 once everything is")
    func readyz() async throws {
        try await serving { port in
            health.set(component: "redis", .down(reason: "connection refused"))
            let waiting = try await HTTPProbe.get("/readyz", port: port)
            #expect(waiting.status == 503)
            #expect(waiting.headers["content-type"] == "application/json")
            #expect(
                waiting.body == #"{"reasons":{"rabbitmq":"starting","redis":"connection refused"},"#
                    + #""status":"not ready","waitingFor":["rabbitmq","redis"]}"# + "\n")
            isReady()
            let ready = try await HTTPProbe.get("/readyz", port: port)
            #expect(ready.status == 200)
            #expect(ready.body == "{\"status\":\"ready\"}\n")
            health.beginDraining()
            let draining = try await HTTPProbe.get("/readyz", port: port)
            #expect(draining.status == 503)
            #expect(draining.body == #"{"reasons":{},"status":"draining","waitingFor":[]}"# + "\n")
        }
    }

    @Test("/metrics is a page that Prometheus parses")
    func metricsPage() async throws {
        Counter(label: "commands", factory: metrics).increment(by: 2)
        try await serving { port in
            let answer = try await HTTPProbe.get("/metrics", port: port)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(try ExpositionParser(answer.body).value("commands_total") == 2)
        }
    }

    @Test("HEAD has the headers of GET and no body", arguments: ["/livez", "/readyz", "/metrics"])
    func head(path: String) async throws {
        isReady()
        try await serving { port in
            let get = try await HTTPProbe.get(path, port: port)
            let head = try await HTTPProbe.answer(
                to: "HEAD \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", port: port)
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(head.headers["content-length"] == get.headers["content-length"])
            #expect(head.headers["content-type"] == get.headers["content-type"])
        }
    }

    @Test("any other path answers 404 in JSON", arguments: ["//", "/livez/x", "/favicon.ico", "/%00", "/../metrics"])
    func notFound(path: String) async throws {
        try await serving { port in
            let answer = try await HTTPProbe.get(path, port: port)
            #expect(answer.status == 404)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.body == "{\"error\":\"not found\"}\n")
        }
    }

    @Test("no answer may be cached")
    func caching() async throws {
        try await serving { port in
            let answer = try await HTTPProbe.get("/readyz", port: port)
            #expect(answer.headers["cache-control"] == "no-store")
        }
    }

    @Test(
        "a request with a body is rejected",
        arguments: [("Content-Length: 2", "{}"), ("Transfer-Encoding: chunked", "0\r\n\r\n")])
    func bodies(header: String, body: String) async throws {
        try await serving { port in
            let answer = try await HTTPProbe.answer(
                to: "POST /livez HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\(header)\r\n\r\n\(body)", port: port)
            #expect(answer.status == 413)
        }
    }

    @Test("too large headers and invalid HTTP are rejected, and the next request is answered")
    func limits() async throws {
        try await serving { port in
            let large = String(repeating: "x", count: AdminServer.Limits.headerBytes + 1)
            let refused = try await HTTPProbe.exchange(
                "GET /livez HTTP/1.1\r\nHost: t\r\nX: \(large)\r\n\r\n", port: port)
            #expect(refused.isEmpty || refused.hasPrefix("HTTP/1.1 400"))
            let many = String(repeating: "X: y\r\n", count: AdminServer.Limits.headerCount + 1)
            let tooMany = try await HTTPProbe.exchange("GET /livez HTTP/1.1\r\nHost: t\r\n\(many)\r\n", port: port)
            #expect(tooMany.isEmpty || tooMany.hasPrefix("HTTP/1.1 400"))
            let noise = try await HTTPProbe.exchange("\u{16}\u{3}\u{1} hello\r\n\r\n", port: port)
            #expect(noise.isEmpty || noise.hasPrefix("HTTP/1.1 400"))
            #expect(try await HTTPProbe.get("/livez", port: port).status == 200)
        }
    }

    @Test("an address in use prevents the start, and the error names the address and the setting as given")
    func addressInUse() async throws {
        try await serving { port in
            let error = await #expect(throws: ConfigurationError.self) {
                try await AdminServer.listen(
                    at: SocketEndpoint(host: "127.0.0.1", port: port), named: "--admin-address",
                    answering: routes)
            }
            #expect(
                error?.description
                    == "The admin address 127.0.0.1:\(port) (--admin-address) is in use by "
                    + "another process: use a free address of this machine")
            #expect(error?.code == .unusableAddress)
        }
    }

    @Test("an address of another machine prevents the start", arguments: ["192.0.2.1", "name.invalid"])
    func foreignAddress(host: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await AdminServer.listen(
                at: SocketEndpoint(host: host, port: 0), named: "SOJOURN_ADMIN_ADDRESS", answering: routes)
        }
        #expect(error?.code == .unusableAddress)
        #expect(error?.description.contains("SOJOURN_ADMIN_ADDRESS") == true)
    }
}
