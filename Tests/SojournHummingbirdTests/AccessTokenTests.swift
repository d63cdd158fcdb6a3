import HTTPTypes
import ServiceLifecycle
import SojournClient
import SojournHummingbird
import SojournVerifier
import Testing
import WorkerFixture

/// With a real worker, its keys, and its events.
@Suite("Access tokens", .timeLimit(.minutes(2)))
struct AccessTokenTests {
    private func withShop(
        _ body: @Sendable (ShopService, SessionClient, SessionVerifier) async throws -> Void
    ) async throws {
        var worker = try RunningWorker("hummingbird")
        let port = try freePort()
        worker.environment["SOJOURN_ADMIN_ADDRESS"] = "127.0.0.1:\(port)"
        var client = SessionClientConfiguration(url: worker.amqpURL)
        client.namespace = worker.namespace
        let (configuration, logger) = (client, worker.logger)
        let keys = SessionVerifierConfiguration(keys: .url("http://127.0.0.1:\(port)/.well-known/jwks.json"))
        try await worker.run { _ in
            try await SessionClient.withConnection(configuration, logger: logger) { client in
                let verifier = try SessionVerifier(keys, client, logger: logger)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await verifier.run() }
                    try await body(ShopService(client, verifier: verifier), client, verifier)
                    group.cancelAll()
                }
            }
        }
    }

    @Test("a page of others cannot log a visitor in with an access token of its own, nor can one log a browser out")
    func crossSite() async throws {
        try await withShop { shop, client, _ in
            var foreign = Self.bearer("x")
            foreign[.origin] = "https://evil.example"
            let answer = try await shop.post("/log-in/mallory", foreign)
            #expect(answer.refusal == "cross_site_request" && answer.setCookie.isEmpty)
            #expect(try await client.sessions(of: "mallory").sessions.isEmpty)
            let tokens = try await Self.login(client)
            #expect(try await shop.post("/log-out", Self.bearer(tokens.access)).refusal == "cross_site_request")
            var own = Self.bearer(tokens.access)
            own[.origin] = ShopService.origin
            let bye = try await shop.post("/log-out", own)
            #expect(bye.refusal == "insufficient_scope" && bye.setCookie.isEmpty)
            #expect(try await shop.post("/log-in/bob", own).setCookie.count == 1)
        }
    }

    private static func bearer(_ token: String?) -> HTTPFields { [.authorization: "Bearer \(token ?? "")"] }

    private static func login(_ client: SessionClient, _ options: CommandOptions = .init()) async throws
        -> SessionTokens
    {
        try await client.createSession(
            subject: "alice", authentication: Authentication(methods: ["pwd"]), options: options
        ).tokens
    }

    @Test("an access token is let in, and challenged where its session does not suffice")
    func tokens() async throws {
        try await withShop { shop, client, _ in
            let tokens = try await Self.login(client)
            let bearer = Self.bearer(tokens.access)
            #expect(try await shop.get("/account", bearer).body == "alice")
            #expect(try await shop.get("/", bearer).body == "alice")
            #expect(try await shop.get("/asked", bearer).body == "alice")
            #expect(try await shop.get("/recent", bearer).body == "alice")
            #expect(try await shop.post("/authenticate", bearer).refusal == "no_session", "it is no session token")

            let level = try await shop.get("/level-2", bearer)
            #expect(level.status == 401 && level.refusal == "level_too_low elevate")
            #expect(level.challenges.count == 1)
            let challenge = try #require(level.challenges.first)
            #expect(challenge.hasPrefix(#"Bearer realm="sojourn", error="insufficient_user_authentication", "#))
            #expect(challenge.hasSuffix(#", acr_values="2""#))
            #expect(try await shop.get("/hardware", bearer).refusal == "method_missing elevate")

            let browser = try await shop.get("/cookie-only", bearer)
            #expect(browser.status == 403 && browser.challenges.first?.contains(#"error="insufficient_scope""#) == true)

            let stranger = try await shop.get("/account")
            #expect(stranger.challenges == [#"Session realm="sojourn""#, #"Bearer realm="sojourn""#])
            #expect(!level.headers[values: .setCookie].contains { !$0.isEmpty })
        }
    }

    @Test("an authentication that nobody spoke of is too old")
    func age() async throws {
        try await withShop { shop, client, _ in
            let silent = try await client.createSession(subject: "alice").tokens
            let answer = try await shop.get("/recent", Self.bearer(silent.access))
            #expect(answer.status == 401 && answer.refusal == "authentication_too_old reauthenticate")
            #expect(answer.challenges.first?.hasSuffix(#", max_age="60""#) == true)
        }
    }

    @Test(
        "a revoked session's token is refused: at once where the worker is asked, elsewhere once the verifier has heard"
    )
    func revocation() async throws {
        try await withShop { shop, client, verifier in
            let tokens = try await Self.login(client)
            let bearer = Self.bearer(tokens.access)
            #expect(try await shop.get("/account", bearer).body == "alice")
            _ = try await client.revoke(.subject("alice"))
            let asked = try await shop.get("/asked", bearer)
            #expect(asked.status == 401 && asked.refusal?.hasPrefix("revoked") == true)
            #expect(asked.challenges.first?.contains(#"error="invalid_token""#) == true)
            var answer = try await shop.get("/account", bearer)
            while answer.status == 200 { answer = try await shop.get("/account", bearer) }
            #expect(answer.status == 401 && answer.refusal == "revoked")
        }
    }

    @Test("what is no access token of this tenant is not let in")
    func hostile() async throws {
        try await withShop { shop, client, _ in
            let tokens = try await Self.login(client)
            let access = try #require(tokens.access)
            for forged in [
                tokens.session, access + "A", String(access.dropLast(3)), "a.b.c",
                String(repeating: "a", count: 20_000),
            ] {
                let answer = try await shop.get("/account", Self.bearer(forged))
                #expect(answer.status == 401 && answer.challenges.first?.contains(#"error="invalid_token""#) == true)
                #expect(try await shop.get("/", Self.bearer(forged)).body == "nobody")
            }
            let elsewhere = try await Self.login(client, CommandOptions(tenant: "eu"))
            #expect(try await shop.get("/account", Self.bearer(elsewhere.access)).refusal == "unknown")

            for value in [
                "Bearer", "Bearer ", "bearer  \(access)", "Bearer \(access) x", "Bearer \(access),", "Bearer ü",
                "Bearer ==",
            ] {
                let answer = try await shop.get("/account", [.authorization: value])
                #expect(answer.status == 400 && answer.refusal == "invalid_request", "\(value.prefix(10))")
            }
            #expect(try await shop.get("/account", [.authorization: "bEARER \(access)"]).body == "alice")
            var twice = Self.bearer(access)
            twice.append(HTTPField(name: .authorization, value: "Basic YTpi"))
            #expect(try await shop.get("/account", twice).status == 400)
            var both = Self.bearer(access)
            both[.cookie] = "__Host-session=\(tokens.session)"
            let answer = try await shop.get("/account", both)
            #expect(
                answer.status == 400 && answer.challenges.first?.contains("session cookie and an access token") == true)
            // Of a proxy in front, perhaps: not ours.
            let basic: HTTPFields = [.authorization: "Basic YTpi", .cookie: "__Host-session=\(tokens.session)"]
            #expect(try await shop.get("/account", basic).body == "alice")
            #expect(try await shop.post("/log-out", basic).refusal == "cross_site_request")
        }
    }

    @Test("browsers log in, out and everywhere with a real worker, too")
    func cookies() async throws {
        try await withShop { shop, client, _ in
            let (phone, laptop) = (try await shop.post("/log-in/alice"), try await shop.post("/log-in/alice"))
            #expect(try await shop.get("/account", phone.cookie).body == "alice")
            _ = try await client.revoke(.subject("alice"), reason: "logout_everywhere")
            for each in [phone, laptop] {
                #expect(try await shop.get("/account", each.cookie).refusal == "revoked login")
            }
        }
    }

    @Test("without a verifier, Authorization is not looked at")
    func withoutVerifier() async throws {
        try await withShop { _, client, _ in
            let tokens = try await Self.login(client)
            let shop = try ShopService(client)
            let answer = try await shop.get("/account", Self.bearer(tokens.access))
            #expect(answer.refusal == "no_session" && answer.challenges == [#"Session realm="sojourn""#])
            #expect(try await shop.post("/log-out", Self.bearer(tokens.access)).refusal == "cross_site_request")
        }
    }
}
