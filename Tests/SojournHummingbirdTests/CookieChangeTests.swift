import HTTPTypes
import Hummingbird
import HummingbirdCore
import LogRecording
import NIOCore
import SojournClient
import SojournHummingbird
import SojournTesting
import Synchronization
import Testing

/// What the browser keeps where something fails, is late, or happens at once.
@Suite("Changes of the cookie", .timeLimit(.minutes(1)))
struct CookieChangeTests {
    private struct Broken: Error { let secret = "sjs_secret of alice" }

    @Test("a handler that fails after it has changed the cookie is answered with it")
    func failure() async throws {
        let sojourn = try await InMemorySojourn()
        let shop = try ShopService(
            sojourn,
            routes: { router in
                router.post("log-in-then-break") { _, context -> String in
                    try await context.requestSession().begin("alice")
                    throw Broken()
                }
                router.post("break") { _, _ -> String in throw Broken() }
            })
        let answer = try await shop.post("/log-in-then-break")
        #expect(answer.status == 500 && answer.body.isEmpty && answer.headers[.cacheControl] == "no-store")
        #expect(try await shop.get("/account", answer.cookie).body == "alice")
        #expect(shop.log.lines == ["error a handler has failed"])
        await #expect(throws: Broken.self, "the router says what this is") { try await shop.post("/break") }
    }

    @Test("a service that may not revoke lets the browser forget the token all the same, and its log says so")
    func forbidden() async throws {
        let sojourn = try await InMemorySojourn()
        let shop = try ShopService(sojourn)
        let login = try await shop.post("/log-in/alice")
        await sojourn.fail(with: SojournError(.notPermitted, "this user may not revoke"))
        let bye = try await shop.post("/log-out", login.cookie)
        #expect(bye.status == 500 && bye.setCookie.first?.contains("Max-Age=0") == true)
        #expect(shop.log.lines == ["error Sojourn has refused a command of the service"])
    }

    static let mode = HTTPField.Name("Sec-Fetch-Mode")!

    @Test("only the answer to a navigation deletes a dead cookie, and only one of our name")
    func deletion() async throws {
        let shop = try ShopService(await InMemorySojourn())
        let login = try await shop.post("/log-in/alice")
        _ = try await shop.post("/log-out", login.cookie)
        for (mode, isDeleted) in [("cors", false), ("same-origin", false), ("no-cors", false), ("navigate", true)] {
            var headers = login.cookie
            headers[Self.mode] = mode
            let answer = try await shop.get("/account", headers)
            #expect(answer.status == 401 && answer.setCookie.isEmpty != isDeleted, "\(mode)")
        }
        for cookie in ["analytics=1", "x__Host-session=1", ""] {
            #expect(try await shop.get("/account", [.cookie: cookie]).setCookie.isEmpty)
        }
        #expect(try await shop.get("/account", [.cookie: "__Host-session=nonsense"]).setCookie.count == 1)
    }

    @Test("a session that begins after the response has begun is ended, as nobody would have its token")
    func late() async throws {
        let sojourn = try await InMemorySojourn()
        let held = HeldService(sojourn, holding: "session.create")
        let login = Mutex<Task<Void, any Error>?>(nil)
        let shop = try ShopService(
            held,
            routes: { router in
                router.post("log-in-behind") { _, context in
                    let mine = try context.requestSession()
                    login.withLock { $0 = Task { try await mine.begin("alice") } }
                    await held.arrival(of: "session.create")
                    return "logging in"
                }
            })
        let answer = try await shop.post("/log-in-behind")
        #expect(answer.body == "logging in" && answer.setCookie.isEmpty)
        await held.release("session.create")
        let task = try #require(login.withLock { $0 })
        await #expect(throws: ResponseHasBegun.self) { try await task.value }
        let left = try await sojourn.sessions(of: "alice", includeEnded: true).sessions
        #expect(left.map(\.status) == [.revoked])
    }

    @Test("what was asked about the session before says nothing about the one that has begun meanwhile")
    func overtaken() async throws {
        let sojourn = try await InMemorySojourn()
        let held = HeldService(sojourn, holding: "session.validate")
        let shop = try ShopService(
            held,
            routes: { router in
                router.post("switch/:subject") { _, context in
                    let mine = try context.requestSession()
                    let asked = Task { try await mine.require() }
                    await held.arrival(of: "session.validate")
                    try await mine.begin(try context.parameters.require("subject"))
                    await held.release("session.validate")
                    await #expect(throws: RequestRefusal.self) { try await asked.value }
                    return try context.authenticatedSession().subject
                }
            })
        let answer = try await shop.post("/switch/bob", shop.post("/log-in/alice").cookie)
        #expect(answer.body == "bob")
        #expect(try await shop.get("/account", answer.cookie).body == "bob")
    }

    @Test("a session that is ended while a worker is asked about it does not come back")
    func endedMeanwhile() async throws {
        let sojourn = try await InMemorySojourn()
        let held = HeldService(sojourn, holding: "session.validate", "session.revoke")
        let shop = try ShopService(
            held,
            routes: { router in
                router.post("end-while-asked") { _, context in
                    let mine = try context.requestSession()
                    let judged = Task { try await mine.require() }
                    await held.arrival(of: "session.validate")
                    let end = Task { try await mine.end() }
                    await held.arrival(of: "session.revoke")
                    await held.release("session.validate")
                    #expect(try await judged.value.subject == "alice", "it was valid when it was asked about")
                    await held.release("session.revoke")
                    try await end.value
                    return mine.session?.subject ?? "nobody"
                }
            })
        let answer = try await shop.post("/end-while-asked", shop.post("/log-in/alice").cookie)
        #expect(answer.body == "nobody" && answer.setCookie.first?.contains("Max-Age=0") == true)
    }

    @Test("a session that the service has begun itself can be given to the browser, and replaces the one that it had")
    func adoption() async throws {
        let sojourn = try await InMemorySojourn()
        let shop = try ShopService(
            sojourn,
            routes: { router in
                router.post("act-as/:subject") { _, context in
                    let subject = try context.parameters.require("subject")
                    let begun = try await sojourn.createSession(subject: subject, actor: "support", idleSeconds: 300)
                    try await context.requestSession().adopt(begun.session, begun.tokens)
                    return try context.authenticatedSession().subject
                }
                router.get("adopted-too-late") { _, context in
                    let mine = try context.requestSession()
                    return Response(
                        status: .ok,
                        body: ResponseBody { writer in
                            let begun = try await sojourn.createSession(subject: "carol")
                            let error = await #expect(throws: ResponseHasBegun.self) {
                                try await mine.adopt(begun.session, begun.tokens)
                            }
                            try await writer.write(ByteBuffer(string: "\(error.map(String.init(describing:)) ?? "-")"))
                            try await writer.finish(nil)
                        })
                }
            })
        let former = try await shop.post("/log-in/bob").cookie
        let answer = try await shop.post("/act-as/alice", former)
        #expect(
            try await shop.get("/adopted-too-late").body == "the response has begun, so its cookie can no longer be set"
        )
        #expect(try await sojourn.sessions(of: "carol", includeEnded: true).sessions.map(\.status) == [.revoked])
        #expect(answer.body == "alice" && answer.setCookie.count == 1)
        #expect(try await shop.get("/account", answer.cookie).body == "alice")
        #expect(try await shop.get("/account", former).refusal == "revoked login")
    }

    @Test("a session that could not be ended after another login is in the log")
    func remainder() async throws {
        let sojourn = try await InMemorySojourn()
        let held = HeldService(sojourn, holding: "session.revoke")
        let shop = try ShopService(held)
        let former = try await shop.post("/log-in/alice").cookie
        async let login = shop.post("/log-in/bob", former)
        await held.arrival(of: "session.revoke")
        await sojourn.fail(with: SojournError(.notPermitted, "this user may not revoke"))
        await held.release("session.revoke")
        #expect(try await login.setCookie.first?.contains("sjs_") == true)
        #expect(shop.log.lines == ["warning a session that no browser has any more was not revoked"])
    }
}
