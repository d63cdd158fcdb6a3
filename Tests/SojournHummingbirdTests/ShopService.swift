import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import LogRecording
import NIOCore
import NIOEmbedded
import SojournClient
import SojournHummingbird
import SojournVerifier
import Synchronization
import Testing

/// A service with the middleware, asked without a socket.
struct ShopService: Sendable {
    static let origin = "https://shop.example"
    static let own: HTTPFields = [.origin: origin]

    let responder: RouterResponder<BasicSojournRequestContext>
    let log = LogRecorder()

    init(
        _ sojourn: some SessionService, verifier: SessionVerifier? = nil,
        _ change: (inout SessionMiddlewareConfiguration) -> Void = { _ in },
        routes: (Router<BasicSojournRequestContext>) -> Void = { _ in }
    ) throws {
        var configuration = SessionMiddlewareConfiguration(origins: [Self.origin])
        change(&configuration)
        let router = Router(context: BasicSojournRequestContext.self)
        router.add(middleware: try SessionMiddleware(configuration, sojourn, verifier: verifier))
        Self.addRoutes(to: router)
        routes(router)
        responder = router.buildResponder()
    }

    private static func addRoutes(to router: Router<BasicSojournRequestContext>) {
        router.get { _, context in try await context.requestSession().find()?.subject ?? "nobody" }
        router.get("context") { _, context in
            let client = try context.requestSession().context
            return "\(client.ip ?? "-") \(client.userAgent ?? "-") \(client.country ?? "-")"
        }
        router.post("log-in/:subject") { _, context in
            let subject = try context.parameters.require("subject")
            try await context.requestSession().begin(subject, authentication: Authentication(methods: ["pwd"]))
            return "\(try context.authenticatedSession().level)"
        }
        router.post("log-out") { _, context in
            try await context.requestSession().end()
            return "bye"
        }
        router.post("log-out-then-fail") { _, context -> String in
            try await context.requestSession().end()
            throw HTTPError(.conflict)
        }
        router.get("too-late") { _, context in
            let mine = try context.requestSession()
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    let error = await #expect(throws: ResponseHasBegun.self) { try await mine.begin("alice") }
                    try await writer.write(ByteBuffer(string: "\(error.map(String.init(describing:)) ?? "-")"))
                    try await writer.finish(nil)
                })
        }
        router.post("show/:method") { _, context in
            let method = try context.parameters.require("method")
            try await context.requestSession().elevate(with: .authentication(Authentication(methods: [method])))
            return "shown"
        }
        router.post("authenticate") { _, context in
            try await context.requestSession().reauthenticate(Authentication(methods: ["pwd"]))
            return "again"
        }
        var asked = SessionRequirement(level: 1)
        asked.asksWorker = true
        var cookieOnly = SessionRequirement()
        cookieOnly.acceptsAccessTokens = false
        router.group("asked").add(middleware: RequireSession(asked)).get { _, context in
            if case .session(let session) = try context.authenticatedSession() { session.subject } else { "not asked" }
        }
        for (path, requirement) in [
            ("account", SessionRequirement()), ("level-2", SessionRequirement(level: 2)),
            ("recent", SessionRequirement(maxAuthenticationAgeSeconds: 60)),
            ("hardware", SessionRequirement(methods: ["hwk"])), ("cookie-only", cookieOnly),
        ] {
            router.group(RouterPath(path)).add(middleware: RequireSession(requirement)).get { _, context in
                try context.authenticatedSession().subject
            }
        }
    }

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPFields
        let body: String

        /// Of an answer that is a refusal: its `error`, or its `error` and `remedy`.
        var refusal: String? {
            let words = try? JSONDecoder().decode([String: String].self, from: Data(body.utf8))
            guard let words, let error = words["error"] else { return nil }
            return words["remedy"].map { "\(error) \($0)" } ?? error
        }

        var challenges: [String] { headers[values: .wwwAuthenticate] }
        var setCookie: [String] { headers[values: .setCookie] }
        /// For the next request.
        var cookie: HTTPFields {
            [.cookie: setCookie.first.map { String($0.prefix { $0 != ";" }) } ?? "", .origin: ShopService.origin]
        }
    }

    func get(_ path: String, _ headers: HTTPFields = [:], from peer: String = "192.0.2.1") async throws -> Answer {
        try await ask(.get, path, headers, peer)
    }

    func post(_ path: String, _ headers: HTTPFields = own) async throws -> Answer {
        try await ask(.post, path, headers, "192.0.2.1")
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields, _ peer: String
    ) async throws -> Answer {
        let head = HTTPRequest(
            method: method, scheme: "https", authority: "shop.example", path: path, headerFields: headers)
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: SocketAddress(ipAddress: peer, port: 50_000)).get()
        let context = BasicSojournRequestContext(source: .init(channel: channel, logger: log.logger))
        let response = try await responder.respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer())), context: context)
        let collector = BodyCollector()
        try await response.body.write(collector)
        _ = try await channel.finish()
        return Answer(
            status: response.status.code, headers: response.headers,
            body: String(buffer: collector.kept.withLock { $0 }))
    }
}
