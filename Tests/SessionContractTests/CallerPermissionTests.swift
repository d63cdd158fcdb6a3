import SessionContract
import SessionCore
import Testing

@Suite("Caller permissions")
struct CallerPermissionTests {
    @Test(
        "a pattern matches the names that a topic binding would match",
        arguments: [
            ("session.create", "session.create", true), ("session.create", "session.creat", false),
            ("session.create", "session.create.x", false), ("session.create", "session", false),
            ("session.*", "session.revoke", true), ("session.*", "session", false), ("session.*", "session.a.b", false),
            ("session.*", "subject.disable", false), ("*.*", "session.list", true), ("*", "session.list", false),
            ("*", "session", true), ("*", "", true), ("session.*", "session.", true),
            ("#", "", true), ("#", "session", true), ("#", "a.b.c.d", true), ("session.#", "session", true),
            ("session.#", "session.transfer.begin", true), ("session.#", "sessions.x", false),
            ("#.begin", "session.transfer.begin", true), ("#.begin", "begin", true), ("#.begin", "begin.x", false),
            ("session.#.begin", "session.begin", true), ("session.#.begin", "session.a.b.begin", true),
            ("session.#.begin", "session.a.b.end", false), ("#.a.#.b", "a.a.b.a.b", true), ("#.a.#.b", "a.b.c", false),
            ("#.#", "", true), ("*.#", "", true), ("*.#", "a.b", true), ("#.*", "a.b", true), ("a.#.*", "a", false),
            ("a.#.*", "a.b", true), ("session.*", "SESSION.list", false), ("a.*.c.#", "a.b.c", true),
            ("a.*.c.#", "a.b.d.c", false), ("orders.*", "orders.a\u{600}.b", false),
        ])
    func patterns(pattern: String, name: String, isTaken: Bool) throws {
        let pattern = try #require(TopicPattern(pattern))
        #expect(pattern.matches(name) == isTaken)
    }

    @Test(
        "an invalid pattern is rejected",
        arguments: [
            "", ".", "session.", ".session", "a..b", "session.val*", "ses#", "**", "session *", "sessiön",
            String(repeating: "a", count: 256),
        ])
    func badPatterns(text: String) {
        #expect(TopicPattern(text) == nil)
    }

    @Test("a name crafted to be slow takes no longer than any other", .timeLimit(.minutes(1)))
    func slowName() throws {
        let pattern = try #require(TopicPattern(String(repeating: "#.a.", count: 60) + "b"))
        let name = Array(repeating: "a", count: 128).joined(separator: ".")
        for _ in 0..<100 { #expect(!pattern.matches(name)) }
    }

    @Test("a name that only looks like a caller's has no permissions")
    func lookAlike() throws {
        let permissions = try CallerPermissions.read(Array(#"{"caf\u00e9": ["session.*"]}"#.utf8))
        #expect(permissions.permits("session.create", tenant: nil, caller: "caf\u{e9}"))
        #expect(!permissions.permits("session.create", tenant: nil, caller: "cafe\u{301}"))
    }

    private let file = """
        {"shop": ["session.*", "session.transfer.#"],
         "support": {"commands": ["session.revoke", "subject.*"], "tenants": ["default", "eu"]},
         "operator": {"commands": ["#"]}, "former": []}
        """

    @Test(
        "a caller may do what the file permits, and nothing else",
        arguments: [
            ("shop", "session.create", "any", true), ("shop", "session.transfer.begin", "any", true),
            ("shop", "subject.disable", "default", false), ("shop", "policy.put", "default", false),
            ("support", "session.revoke", "default", true), ("support", "session.revoke", "eu", true),
            ("support", "session.revoke", "us", false), ("support", "session.create", "default", false),
            ("support", "session.revoke", nil, true), ("support", "session.create", nil, false),
            ("operator", "policy.put", "any", true), ("operator", "a.name.of.a.later.version", nil, true),
            ("former", "session.validate", "default", false), ("former", "session.validate", nil, false),
            ("Shop", "session.create", "any", false), ("stranger", "session.create", nil, false),
            ("", "session.create", nil, false), (nil, "session.create", nil, false),
            (nil, "session.create", "default", false),
        ] as [(String?, String, String?, Bool)])
    func permissions(caller: String?, command: String, tenant: String?, isPermitted: Bool) throws {
        let permissions = try CallerPermissions.read(Array(file.utf8))
        #expect(permissions.permits(command, tenant: tenant, caller: caller) == isPermitted)
    }

    @Test("without a callers file everyone may do anything; with an empty one no one may do anything")
    func ends() throws {
        #expect(CallerPermissions.anything.permits("session.create", tenant: "t", caller: nil))
        let none = try CallerPermissions.read(Array("{}".utf8))
        #expect(!none.permits("session.create", tenant: nil, caller: nil))
        #expect(!none.permits("session.create", tenant: nil, caller: "guest"))
    }

    @Test(
        "a mistake anywhere in the file is reported with its place",
        arguments: [
            ("", nil), ("[]", nil), (##"{"a": [], "a": []}"##, nil),
            (##"{"": ["#"]}"##, "/"), (##"{"shop": "session.*"}"##, "/shop"), (##"{"shop": null}"##, "/shop"),
            (##"{"shop": ["session.*", "session.val*"]}"##, "/shop/1"), (##"{"shop": [5]}"##, "/shop/0"),
            (##"{"a/b~c": [""]}"##, "/a~1b~0c/0"), (##"{"shop": {}}"##, "/shop/commands"),
            (##"{"shop": {"commands": "#"}}"##, "/shop/commands"),
            (##"{"shop": {"commands": ["#"], "tenant": []}}"##, "/shop/tenant"),
            (##"{"shop": {"commands": ["#"], "tenants": []}}"##, "/shop/tenants"),
            (##"{"shop": {"commands": ["#"], "tenants": "default"}}"##, "/shop/tenants"),
            (##"{"shop": {"commands": ["#"], "tenants": ["eu", "a b"]}}"##, "/shop/tenants/1"),
        ] as [(String, String?)])
    func mistakes(text: String, path: String?) throws {
        let failure = try #require(throws: Failure.self) { try CallerPermissions.read(Array(text.utf8)) }
        #expect(failure.path == path)
    }

    @Test("1000 callers and 100 patterns are accepted, and no more")
    func limits() throws {
        func file(callers: Int, patterns: Int) -> [UInt8] {
            let list = "[" + Array(repeating: #""session.*""#, count: patterns).joined(separator: ",") + "]"
            let members = (0..<callers).map { #""caller\#($0)":\#($0 == 0 ? list : "[]")"# }
            return Array(("{" + members.joined(separator: ",") + "}").utf8)
        }
        let full = try CallerPermissions.read(file(callers: 1000, patterns: 100))
        #expect(full.permits("session.list", tenant: nil, caller: "caller0"))
        #expect(throws: Failure.self) { try CallerPermissions.read(file(callers: 1001, patterns: 1)) }
        let failure = #expect(throws: Failure.self) { try CallerPermissions.read(file(callers: 1, patterns: 101)) }
        #expect(failure?.path == "/caller0")
    }
}
