import Testing

@testable import RedisNIO

@Suite("The configuration")
struct RedisConfigurationTests {
    struct Expected: Sendable {
        var url: String
        var host: String
        var port = 6379
        var user: String?
        var password: String?
        var database = 0
        var tls = false
    }

    @Test(
        "URLs are parsed",
        arguments: [
            Expected(url: "redis://localhost", host: "localhost"),
            Expected(url: "redis://localhost/", host: "localhost"),
            Expected(url: "REDIS://h:1", host: "h", port: 1),
            Expected(url: "redis://h:65535/15", host: "h", port: 65_535, database: 15),
            Expected(url: "redis://:pw@h", host: "h", password: "pw"),
            Expected(url: "redis://u:pw@h:7/3", host: "h", port: 7, user: "u", password: "pw", database: 3),
            Expected(url: "redis://u:@h", host: "h", user: "u", password: ""),
            Expected(url: "redis://a%40b:p%2Fw%3a%25@h", host: "h", user: "a@b", password: "p/w:%"),
            Expected(url: "redis://u:p:w@h", host: "h", user: "u", password: "p:w"),
            Expected(url: "redis://u:p@w@h", host: "h", user: "u", password: "p@w"),
            Expected(url: "redis://u:%C3%BC@h", host: "h", user: "u", password: "ü"),
            Expected(url: "redis://[::1]", host: "::1"),
            Expected(url: "redis://:x@[2001:db8::1]:99/1", host: "2001:db8::1", port: 99, password: "x", database: 1),
            Expected(url: "rediss://h", host: "h", tls: true),
        ])
    func readsURL(expected: Expected) throws {
        let configuration = try RedisConfiguration(url: expected.url)
        #expect(configuration.host == expected.host)
        #expect(configuration.port == expected.port)
        #expect(configuration.username == expected.user)
        #expect(configuration.password == expected.password)
        #expect(configuration.database == expected.database)
        #expect((configuration.tls != nil) == expected.tls)
    }

    @Test(
        "malformed URLs are rejected without quoting any part of them",
        arguments: [
            "", "hunter2", "hunter2@host", "http://u:hunter2@h", "hunter2://h", "redis:/u:hunter2@h", "redis://",
            "redis://u:hunter2@", "redis://u:hunter2@:6379", "redis://u:hunter2@h:", "redis://u:hunter2@h:0",
            "redis://u:hunter2@h:65536", "redis://u:hunter2@h:-1", "redis://u:hunter2@h:+1", "redis://u:hunter2@h/x",
            "redis://u:hunter2@h/-1", "redis://u:hunter2@h/1/2", "redis://u:hunter2/x@h", "redis://u:1/hunter2@h",
            "redis://u:12?hunter2@h", "redis://u:12#hunter2@h", "redis://u:hunter2%@h", "redis://u:hunter2%4@h",
            "redis://u:hunter2%zz@h", "redis://u:hunter2%FF@h", "redis://hunter2@h", "redis://u:hunter2@[::1",
            "redis://u:hunter2@[::1]x", "redis://u:hunter2@h?db=1", "redis://u:hunter2@a:b:1",
        ])
    func refusesURL(url: String) throws {
        let error = try #require(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error.code == .invalidConfiguration)
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test(
        "unsupported features are named",
        arguments: [
            ("redis+sentinel://a:1,b:2/master", "Sentinel"), ("rediss+sentinel://:hunter2@a", "Sentinel"),
            ("redis+cluster://a:1", "Cluster"), ("rediss+cluster://a:1", "Cluster"),
        ])
    func refusesTopologies(url: String, name: String) throws {
        let error = try #require(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains("\(name) is not supported yet"))
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test("a configuration does not print its password", arguments: ["redis://u:hunter2@h", "rediss://:hunter2@h:1/2"])
    func redacts(url: String) throws {
        struct Holder {
            var configuration: RedisConfiguration
        }
        let configuration = try RedisConfiguration(url: url)
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(Holder(configuration: configuration), to: &dumped)
        let printed = [
            "\(configuration)", String(reflecting: configuration), "\(Holder(configuration: configuration))",
            "\([configuration])", dumped,
        ]
        for text in printed {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("@h:"))
        }
    }

    @Test("a configuration that can never work is rejected before any attempt")
    func refusesImpossible() {
        let script = RedisScript(name: "s", source: "return 1")
        let cases: [(RedisConfiguration, [RedisScript])] = [
            (RedisConfiguration(port: 0), []), (RedisConfiguration(host: ""), []),
            (RedisConfiguration(), [script, RedisScript(name: "s", source: "return 2")]),
        ]
        for (configuration, scripts) in cases {
            let error = #expect(throws: RedisError.self) {
                try RedisConnector(configuration: configuration, scripts: scripts, logger: silent)
            }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
