import NIOCore
import NIOPosix
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
        #expect(configuration.endpoints == [RedisEndpoint(host: expected.host, port: expected.port)])
        #expect(configuration.deployment == .single)
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

    struct ExpectedSeveral: Sendable {
        var url: String
        var deployment: RedisConfiguration.Deployment
        var endpoints: [RedisEndpoint]
        var credentials: [String?] = [nil, nil, nil, nil]
        var database = 0
        var tls = false
    }

    @Test(
        "URLs of several servers are parsed",
        arguments: [
            ExpectedSeveral(
                url: "redis+sentinel://h1,h2/main", deployment: .sentinel(masterName: "main"),
                endpoints: [.init(host: "h1", port: 26_379), .init(host: "h2", port: 26_379)]),
            ExpectedSeveral(
                url: "REDISS+Sentinel://u:p%2Cw@h1:1,[::1]:2,[::2]/a.B-9_/4?sentinel-user=s&sentinel-password=%40%26",
                deployment: .sentinel(masterName: "a.B-9_"),
                endpoints: [.init(host: "h1", port: 1), .init(host: "::1", port: 2), .init(host: "::2", port: 26_379)],
                credentials: ["u", "p,w", "s", "@&"], database: 4, tls: true),
            ExpectedSeveral(
                url: "redis+sentinel://h/m/?sentinel-password=x", deployment: .sentinel(masterName: "m"),
                endpoints: [.init(host: "h", port: 26_379)], credentials: [nil, nil, nil, "x"]),
            ExpectedSeveral(
                url: "redis+cluster://:p,w@h1,h2:7000,h1", deployment: .cluster,
                endpoints: [.init(host: "h1", port: 6379), .init(host: "h2", port: 7000)],
                credentials: [nil, "p,w", nil, nil]),
            ExpectedSeveral(
                url: "rediss+cluster://h/0", deployment: .cluster, endpoints: [.init(host: "h", port: 6379)], tls: true),
        ])
    func readsSeveral(expected: ExpectedSeveral) throws {
        let configuration = try RedisConfiguration(url: expected.url)
        #expect(configuration.endpoints == expected.endpoints)
        #expect(configuration.deployment == expected.deployment)
        #expect(
            [
                configuration.username, configuration.password, configuration.sentinelUsername,
                configuration.sentinelPassword,
            ] == expected.credentials)
        #expect(configuration.database == expected.database)
        #expect((configuration.tls != nil) == expected.tls)
    }

    @Test(
        "malformed URLs of several servers are rejected without quoting any part of them",
        arguments: [
            "redis://u:hunter2@a,b", "redis+sentinel://u:hunter2@a", "redis+sentinel://u:hunter2@a/",
            "redis+sentinel://u:hunter2@a//1", "redis+sentinel:///m", "redis+sentinel://u:hunter2@/m",
            "redis+sentinel://u:hunter2@a,/m", "redis+sentinel://u:hunter2@a,,b/m", "redis+sentinel://u:hunter2@a:x/m",
            "redis+sentinel://u:hunter2@a/m/x", "redis+sentinel://u:hunter2@a/m/1/2", "redis+sentinel://u:1/hunter2@a",
            "redis+sentinel://u:1/hunter2@a/m", "redis+sentinel://hunter2@a/m", "redis+sentinel://a/m n",
            "redis+sentinel://u:1/m/hunter2@a", "redis+sentinel://u:hunter2@a/m#x",
            "redis+sentinel://a/m?sentinel-password=", "redis+sentinel://a/m?sentinel-password",
            "redis+sentinel://a/m?sentinel-user=hunter2", "redis+sentinel://a/m?password=hunter2",
            "redis+sentinel://a/m?sentinel-password=hunter2&x=1", "redis+sentinel://a/m?sentinel-password=hunter2&",
            "redis+sentinel://a/m?sentinel-password=hunter2&sentinel-password=hunter2",
            "redis+sentinel://a/m?sentinel-password=hunter2%zz", "redis+sentinel://a/m?sentinel-password=hunter2@b",
            "redis+sentinel://u:1?hunter2@a/m", "redis+sentinel://\(manyHosts)/m",
            "redis+sentinel://a/\(String(repeating: "m", count: 129))",
            "redis+cluster://u:hunter2@", "redis+cluster://u:hunter2@a/1", "redis+cluster://u:hunter2@a/x",
            "redis+cluster://u:hunter2@a,", "redis+cluster://u:hunter2@a?sentinel-password=x",
            "redis+cluster://\(manyHosts)", "redis+other://u:hunter2@a", "redis+://u:hunter2@a",
        ])
    func refusesSeveral(url: String) throws {
        let error = try #require(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error.code == .invalidConfiguration)
        #expect(!"\(error)".contains("hunter2"))
    }

    private static let manyHosts = (0..<33).map { "h\($0)" }.joined(separator: ",")

    @Test("32 hosts are accepted")
    func mostHosts() throws {
        let hosts = (0..<32).map { "h\($0)" }.joined(separator: ",")
        #expect(try RedisConfiguration(url: "redis+cluster://\(hosts)").endpoints.count == 32)
    }

    @Test(
        "a configuration does not print its passwords",
        arguments: [
            "redis://u:hunter2@h", "rediss://:hunter2@h:1/2", "redis+cluster://u:hunter2@h",
            "redis+sentinel://u:hunter2@h/m?sentinel-user=hunter2&sentinel-password=hunter2",
        ])
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

    @Test("without TLS, only this machine is connected to where TLS is required, whoever named the host")
    func requiresTLS() async throws {
        var configuration = RedisConfiguration()
        configuration.requiresTLS = true
        let connector = try RedisConnector(configuration: configuration, scripts: [], logger: silent)
        let error = await #expect(throws: RedisError.self) {
            _ = try await connector.open(
                RedisEndpoint(host: "192.0.2.1", port: 1), on: MultiThreadedEventLoopGroup.singleton.any()
            ).get()
        }
        #expect(error?.message == "192.0.2.1:1 is not on this machine, and TLS is required")
    }

    @Test("a configuration that can never work is rejected before any attempt")
    func refusesImpossible() {
        let script = RedisScript(name: "s", source: "return 1")
        let cases: [(RedisConfiguration, [RedisScript])] = [
            (RedisConfiguration(port: 0), []), (RedisConfiguration(host: ""), []),
            (RedisConfiguration(endpoints: [], deployment: .cluster), []),
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
