import HTTPTypes
import SojournClient
import SojournHummingbird
import SojournTesting
import Testing

@Suite("Hostile requests", .timeLimit(.minutes(1)))
struct HostileRequestTests {
    @Test(
        "a cookie that is no session token, or one of several, is not used",
        arguments: [
            "{0}; {0}", "{0}; __Host-session=x", "a=1; {0}; b=2; {0}", "{0}A", "{0}\r\nX: y", "__Host-session=",
            "{0}%20",
            "__host-{1}", "{1}", "\"{0}\"", "x{0}", "__Host-session=sjs_ü",
            // Another host of the domain may set a cookie with any bytes in its value: U+037E is canonically equivalent to a
            // semicolon, and U+0600 combines with what follows.
            "x=1\u{37E}{0}", "__Host-session=x\u{600}; {0}", "{0}; y=1\u{600}; {0}", "{0}\u{37E}\u{600}; {0}",
            "{0}; x=" + String(repeating: "y", count: 8192),
        ])
    func cookies(_ pattern: String) async throws {
        let shop = try ShopService(await InMemorySojourn())
        let cookie = try #require(await shop.post("/log-in/alice").cookie[.cookie])
        let bare = String(cookie.dropFirst("__Host-".count))
        var text = pattern
        for (mark, value) in [("{0}", cookie), ("{1}", bare)] {
            while let range = text.firstRange(of: mark) { text.replaceSubrange(range, with: value) }
        }
        #expect(try await shop.get("/account", [.cookie: text]).refusal == "no_session")
        #expect(try await shop.get("/", [.cookie: text]).body == "nobody")
    }

    @Test("the session's cookie is found beside others, also as HTTP/2 sends them")
    func crumbs() async throws {
        let shop = try ShopService(await InMemorySojourn())
        let cookie = try #require(await shop.post("/log-in/alice").cookie[.cookie])
        #expect(try await shop.get("/", [.cookie: "a=1; \(cookie) ;b"]).body == "alice")
        var crumbs: HTTPFields = [:]
        for each in ["a=1", cookie, "b=2"] { crumbs.append(HTTPField(name: .cookie, value: each)) }
        #expect(try await shop.get("/", crumbs).body == "alice")
        crumbs.append(HTTPField(name: .cookie, value: cookie))
        #expect(try await shop.get("/", crumbs).body == "nobody")
    }

    static let site = HTTPField.Name("Sec-Fetch-Site")!

    @Test(
        "pages of others change nothing",
        arguments: [
            [:], [.origin: "null"], [.origin: "https://evil.example"], [.origin: "https://shop.example.evil.example"],
            [.origin: "https://shop.example:8443"], [.origin: "http://shop.example"], [.origin: "HTTPS://SHOP.EXAMPLE"],
            [.origin: "https://shop.example, https://evil.example"], [site: "cross-site"], [site: "same-site"],
            [site: "none"], [.origin: "https://evil.example", site: "same-origin"],
            [.referer: "https://shop.example/"],
        ] as [HTTPFields])
    func otherSites(_ headers: HTTPFields) async throws {
        let shop = try ShopService(await InMemorySojourn())
        var headers = headers
        for cookie in [nil, try await shop.post("/log-in/alice").cookie[.cookie]] {
            headers[.cookie] = cookie
            for method in [HTTPRequest.Method.post, .put, .patch, .delete, .connect, .init("X")!] {
                let answer = try await shop.ask(method, "/log-out", headers, "192.0.2.1")
                // A path without a route for the method does not get as far as the middleware.
                guard method == .post else { continue }
                #expect(answer.status == 403 && answer.refusal == "cross_site_request" && answer.setCookie.isEmpty)
            }
        }
        #expect(try await shop.get("/account", headers).body == "alice", "reading is safe")
    }

    @Test("our own pages may")
    func ownPages() async throws {
        let shop = try ShopService(await InMemorySojourn())
        #expect(try await shop.post("/log-in/alice", [.origin: "https://shop.example"]).status == 200)
        #expect(try await shop.post("/log-in/alice", [Self.site: "same-origin"]).status == 200)
        var twice: HTTPFields = ShopService.own
        twice.append(HTTPField(name: .origin, value: "https://shop.example"))
        #expect(try await shop.post("/log-in/alice", twice).status == 403)
    }

    @Test("a WebSocket is opened by our own pages only")
    func upgrades() async throws {
        let shop = try ShopService(await InMemorySojourn())
        let upgrade: HTTPFields = [.upgrade: "websocket", .origin: "https://evil.example"]
        #expect(try await shop.get("/", upgrade).status == 403)
        #expect(try await shop.get("/", [.upgrade: "websocket", .origin: ShopService.origin]).status == 200)
    }

    private static let forwarded = HTTPField.Name("X-Forwarded-For")!

    @Test(
        "the client's address is the one that our own outermost proxy saw",
        arguments: [
            (0, "203.0.113.9", "192.0.2.1"), (1, "203.0.113.9", "203.0.113.9"),
            (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
            (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"), (2, "203.0.113.9", "-"), (1, "", "-"),
            (1, "unknown", "-"),
            (1, "203.0.113.9:1234", "-"), (1, "fe80::1%eth0", "-"), (1, " 2001:DB8::1 ", "2001:db8::1"),
            (1, "\u{600}, 203.0.113.9", "203.0.113.9"), (2, "6.6.6.6\u{600}, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
            (1, "::ffff:203.0.113.9", "203.0.113.9"), (1, String(repeating: "1", count: 5000), "-"), (1, "a,", "-"),
        ])
    func address(_ proxies: Int, _ header: String, _ expected: String) async throws {
        let shop = try ShopService(await InMemorySojourn()) { $0.proxies = proxies }
        #expect(try await shop.get("/context", [Self.forwarded: header]).body == "\(expected) - -")
    }

    @Test("several X-Forwarded-For headers are one list; a mapped address of the peer is the same client")
    func addresses() async throws {
        let shop = try ShopService(await InMemorySojourn()) { $0.proxies = 2 }
        var headers: HTTPFields = [:]
        for each in ["6.6.6.6", "203.0.113.9", "10.0.0.1"] {
            headers.append(HTTPField(name: Self.forwarded, value: each))
        }
        #expect(try await shop.get("/context", headers).body == "203.0.113.9 - -")
        let direct = try ShopService(await InMemorySojourn())
        #expect(try await direct.get("/context", from: "::ffff:192.0.2.7").body == "192.0.2.7 - -")
    }

    @Test("a User-Agent is cut to what a command may contain, and the service may add what it knows")
    func context() async throws {
        let shop = try ShopService(await InMemorySojourn()) {
            $0.completeContext = { _, context in context.country = "DE" }
        }
        let long = String(repeating: "x", count: 5000)
        #expect(try await shop.get("/context", [.userAgent: long]).body == "192.0.2.1 \(long.prefix(1024)) DE")
        #expect(try await shop.post("/log-in/alice", [.userAgent: long, .origin: ShopService.origin]).status == 200)
    }

    @Test(
        "a configuration that would protect nobody is refused",
        arguments: [
            { $0.origins = [] }, { $0.origins = ["https://shop.example/"] }, { $0.origins = ["shop.example"] },
            { $0.origins = ["http://shop.example"] }, { $0.origins = ["https://Shop.example"] }, { $0.origins = ["*"] },
            { $0.origins = ["null"] }, { $0.origins = ["https://"] }, { $0.origins = ["https://shop.example:443"] },
            { $0.origins = ["https://me@shop.example"] }, { $0.origins = ["http://localhost.evil.example"] },
            { $0.origins = [""] }, { $0.cookieName = "session" }, { $0.cookieName = "__Host-" },
            { $0.cookieName = "__Host-a;b" }, { $0.cookieName = "__Host-" + String(repeating: "a", count: 64) },
            { $0.proxies = -1 }, { $0.proxies = 17 },
        ] as [@Sendable (inout SessionMiddlewareConfiguration) -> Void])
    func configurations(_ change: @Sendable (inout SessionMiddlewareConfiguration) -> Void) async throws {
        let sojourn = try await InMemorySojourn()
        let error = #expect(throws: SojournError.self) { try ShopService(sojourn, change) }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test(
        "these are usable",
        arguments: [
            "https://shop.example", "https://shop.example:8443", "http://localhost", "http://localhost:8080",
            "https://[::1]",
        ])
    func origins(_ origin: String) async throws {
        let shop = try ShopService(await InMemorySojourn()) { $0.origins = [origin] }
        #expect(try await shop.post("/log-in/alice", [.origin: origin]).status == 200)
    }
}
