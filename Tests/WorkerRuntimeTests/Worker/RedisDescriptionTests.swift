import RedisNIO
import Testing

@testable import WorkerRuntime

@Suite("What a Redis says of itself")
struct RedisDescriptionTests {
    private func text(_ text: String) -> RedisReply { .bulk(Array(text.utf8)) }

    private func describe(_ info: String) -> RedisDescription {
        RedisDescription([text(info), .array([]), .array([])])
    }

    @Test("is read from INFO and CONFIG GET")
    func everything() {
        let described = RedisDescription([
            text("# Server\r\nredis_version:7.0.15\r\n\r\n# Memory\r\nmaxmemory_policy:noeviction\r\n"),
            .array([text("maxmemory-policy"), text("allkeys-lru")]),
            .array([text("hash-max-listpack-value"), text("1024")]),
        ])
        #expect(described.version?.description == "7.0.15")
        #expect(described.evictionPolicy == "noeviction", "INFO goes before CONFIG")
        #expect(described.listpackLimit == 1024 && described.refusals.isEmpty)
    }

    @Test("includes the version that Valkey is compatible with")
    func valkey() {
        #expect(describe("valkey_version:9.1.0\nredis_version:7.2.4").version?.description == "7.2.4")
        #expect(describe("xredis_version:6.2.1\nredis_version:7.0.15").version?.description == "7.0.15")
    }

    @Test("is unknown where the server refuses to tell")
    func refused() {
        let described = RedisDescription([.error("NOPERM no"), .error("NOPERM no"), .error("ERR unknown command")])
        #expect(described.version == nil && described.evictionPolicy == nil && described.listpackLimit == nil)
        #expect(described.refusals == ["NOPERM", "NOPERM", "ERR"])
        #expect(RedisDescription([]) == describe(""))
    }

    @Test("is left out where it cannot be shown", arguments: ["a\u{1b}[2J", String(repeating: "a", count: 33), ""])
    func unshowable(policy: String) {
        #expect(describe("maxmemory_policy:\(policy)\r\n").evictionPolicy == nil)
    }

    @Test("has a policy from CONFIG GET if INFO has none")
    func policyFromSettings() {
        let replies: [RedisReply] = [
            .error("NOPERM no"), .array([text("maxmemory-policy"), text("volatile-ttl")]), .null,
        ]
        #expect(RedisDescription(replies).evictionPolicy == "volatile-ttl")
    }
}
