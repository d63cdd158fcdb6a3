import HTTPTypes
import Hummingbird
import HummingbirdCore
import LogRecording
import NIOCore
import NIOEmbedded
import SojournClient
import SojournHummingbird
import SojournTesting
import Testing

@Suite("Sessions of browsers", .timeLimit(.minutes(1)))
struct CookieTests {
    @Test("a visitor logs in, is known, and logs out")
    func visit() async throws {
        let shop = try ShopService(await InMemorySojourn())
        let stranger = try await shop.get("/account")
        #expect(stranger.status == 401 && stranger.refusal == "no_session")
        #expect(stranger.challenges == [#"Session realm="sojourn""#] && stranger.headers[.cacheControl] == "no-store")
        #expect(try await shop.get("/").body == "nobody")

        let login = try await shop.post("/log-in/alice")
        #expect(login.status == 200 && login.headers[.cacheControl] == "no-store" && login.setCookie.count == 1)
        let parts = try #require(login.setCookie.first).split(separator: "; ").map(String.init)
        #expect(parts[0].hasPrefix("__Host-session=sjs_") && parts[0].utf8.count == 15 + 96)
        #expect(parts[1...] == ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"])
        let known = try await shop.get("/account", login.cookie)
        #expect(known.body == "alice" && known.setCookie.isEmpty && known.headers[.cacheControl] == nil)
        #expect(try await shop.get("/", login.cookie).body == "alice")

        let bye = try await shop.post("/log-out", login.cookie)
        #expect(bye.setCookie == ["__Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"])
        #expect(bye.headers[.cacheControl] == "no-store")
        let late = try await shop.get("/account", login.cookie)
        #expect(late.status == 401 && late.refusal == "revoked login" && late.setCookie == bye.setCookie)
        #expect(try await shop.get("/", login.cookie).setCookie.isEmpty, "another tab may have a new one by now")
    }

    @Test("logging in ends the session that the browser had, so a planted cookie gives nothing")
    func fixation() async throws {
        let shop = try ShopService(await InMemorySojourn())
        let planted = try await shop.post("/log-in/mallory")
        let login = try await shop.post("/log-in/alice", planted.cookie)
        #expect(login.cookie != planted.cookie)
        #expect(try await shop.get("/account", planted.cookie).refusal == "revoked login")
        #expect(try await shop.get("/account", login.cookie).body == "alice")
    }

    @Test("a second factor raises the level, and replaces the token")
    func stepUp() async throws {
        let shop = try ShopService(await InMemorySojourn())
        let login = try await shop.post("/log-in/alice")
        let refused = try await shop.get("/level-2", login.cookie)
        #expect(refused.status == 403 && refused.refusal == "level_too_low elevate" && refused.setCookie.isEmpty)
        let shown = try await shop.post("/show/otp", login.cookie)
        #expect(try await shop.get("/level-2", shown.cookie).body == "alice")
        #expect(try await shop.get("/account", login.cookie).status == 401)
        let hardware = try await shop.get("/hardware", shown.cookie)
        #expect(hardware.status == 403 && hardware.refusal == "method_missing elevate")
        #expect(try await shop.get("/hardware", shop.post("/show/hwk", shown.cookie).cookie).body == "alice")
    }

    @Test("an authentication can be too old, until the subject authenticates again")
    func age() async throws {
        let sojourn = try await InMemorySojourn()
        let shop = try ShopService(sojourn)
        let login = try await shop.post("/log-in/alice")
        #expect(try await shop.get("/recent", login.cookie).body == "alice")
        try await sojourn.advance(by: .seconds(61))
        let old = try await shop.get("/recent", login.cookie)
        #expect(old.status == 403 && old.refusal == "authentication_too_old reauthenticate" && old.setCookie.isEmpty)
        let again = try await shop.post("/authenticate", login.cookie)
        #expect(try await shop.get("/recent", again.cookie).body == "alice")
    }

    @Test("an idle session is revived by authenticating, so its cookie is kept")
    func idle() async throws {
        let sojourn = try await InMemorySojourn()
        let shop = try ShopService(sojourn)
        let login = try await shop.post("/log-in/alice")
        try await sojourn.advance(by: .seconds(1801))
        let idle = try await shop.get("/account", login.cookie)
        #expect(idle.status == 401 && idle.refusal == "expired_idle reauthenticate" && idle.setCookie.isEmpty)
        let again = try await shop.post("/authenticate", login.cookie)
        #expect(try await shop.get("/account", again.cookie).body == "alice")
    }

    @Test("a session of another tenant is unknown")
    func tenants() async throws {
        let sojourn = try await InMemorySojourn()
        let login = try await ShopService(sojourn) { $0.tenant = "eu" }.post("/log-in/alice")
        let answer = try await ShopService(sojourn).get("/account", login.cookie)
        #expect(answer.status == 401 && answer.body.contains("alice") == false)
        #expect(try await ShopService(sojourn) { $0.tenant = "eu" }.get("/account", login.cookie).body == "alice")
    }

    @Test("nobody is let in while no worker answers, and the browser keeps its cookie")
    func outage() async throws {
        let sojourn = try await InMemorySojourn()
        let shop = try ShopService(sojourn)
        let login = try await shop.post("/log-in/alice")
        await sojourn.fail(with: SojournError(.notConnected, "no broker"))
        for path in ["/account", "/", "/level-2"] {
            let answer = try await shop.get(path, login.cookie)
            #expect(answer.status == 503 && answer.refusal == "unavailable" && answer.headers[.retryAfter] == "1")
            #expect(answer.setCookie.isEmpty)
        }
        #expect(shop.log.lines.contains("error Sojourn has not answered"))
        let bye = try await shop.post("/log-out", login.cookie)
        #expect(bye.status == 503 && bye.setCookie.first?.contains("Max-Age=0") == true)
        await sojourn.fail(with: nil)
        #expect(try await shop.get("/account", login.cookie).body == "alice")
    }

    @Test("the answer to an error has the cookie, too")
    func errors() async throws {
        let shop = try ShopService(await InMemorySojourn())
        let answer = try await shop.post("/log-out-then-fail", shop.post("/log-in/alice").cookie)
        #expect(answer.status == 409 && answer.setCookie.first?.contains("Max-Age=0") == true)
    }

    @Test("once the response has begun, its cookie can no longer be set, and no session begins")
    func tooLate() async throws {
        let sojourn = try await InMemorySojourn()
        let answer = try await ShopService(sojourn).get("/too-late")
        #expect(answer.body == "the response has begun, so its cookie can no longer be set")
        #expect(try await sojourn.sessions(of: "alice").sessions.isEmpty)
    }

    @Test("a route without the middleware before it says so")
    func missing() async throws {
        let router = Router(context: BasicSojournRequestContext.self)
        router.add(middleware: RequireSession()).get { _, _ in "" }
        let channel = NIOAsyncTestingChannel()
        let context = BasicSojournRequestContext(source: .init(channel: channel, logger: LogRecorder().logger))
        let head = HTTPRequest(method: .get, scheme: "https", authority: "shop.example", path: "/")
        await #expect(throws: MissingSessionMiddleware.self) {
            try await router.buildResponder().respond(
                to: Request(head: head, body: RequestBody(buffer: ByteBuffer())), context: context)
        }
        _ = try await channel.finish()
    }

    @Test("no log line contains a token, a subject or an address")
    func secrecy() async throws {
        let sojourn = try await InMemorySojourn()
        let shop = try ShopService(sojourn)
        let login = try await shop.post("/log-in/alice")
        await sojourn.fail(with: SojournError(.timeout, "no result"))
        _ = try await shop.get("/account", login.cookie)
        #expect(!shop.log.lines.isEmpty)
        for line in shop.log.lines {
            #expect(!line.contains("sjs_") && !line.contains("alice") && !line.contains("192.0.2"))
        }
    }
}
