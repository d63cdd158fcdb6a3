import NIOCore
import Testing

@testable import AMQPNIO

@Suite struct ConfigurationTests {
    @Test("a URL gives host, port, credentials and virtual host")
    func urlGives() throws {
        let full = try AMQPConfiguration(url: "amqp://ann:s%40cret%2F@broker.example:5673/my%2fhost")
        #expect(full.host == "broker.example")
        #expect(full.port == 5673)
        #expect(full.username == "ann")
        #expect(full.password == "s@cret/")
        #expect(full.virtualHost == "my/host")
        #expect(full.tls == nil)
    }

    @Test(
        "parts missing from a URL take their defaults",
        arguments: [
            ("amqp://h", 5672, "/", false), ("amqps://h", 5671, "/", true), ("amqp://h/", 5672, "/", false),
            ("AMQPS://h:1/%2F", 1, "/", true), ("amqp://h:/v", 5672, "v", false), ("amqp://u@h/v", 5672, "v", false),
            ("amqp://u:@h", 5672, "/", false),
        ])
    func partsMissing(url: String, port: Int, virtualHost: String, tls: Bool) throws {
        let configuration = try AMQPConfiguration(url: url)
        #expect(configuration.host == "h")
        #expect(configuration.port == port)
        #expect(configuration.virtualHost == virtualHost)
        #expect((configuration.tls != nil) == tls)
    }

    @Test("an IPv6 address is written in brackets")
    func ipv6Address() throws {
        let configuration = try AMQPConfiguration(url: "amqp://[::1]:5673")
        #expect(configuration.host == "::1")
        #expect(configuration.port == 5673)
        #expect(configuration.description == "amqp://[::1]:5673 vhost /")
    }

    @Test(
        "the error for an unusable URL says why without quoting it",
        arguments: [
            "", "amqp:", "http://u:hunter2@h", "amqp://", "amqp://u:hunter2@", "amqp://u:hunter2@:5672",
            "amqp://u:hunter2@h:0", "amqp://u:hunter2@h:65536", "amqp://u:hunter2@h:+1", "amqp://u:hunter2@h:56x",
            "amqp://u:hunter2@h/a/b", "amqp://u:hunter2@h/v?x=1", "amqp://u:hunter2#@h", "amqp://u:hunter2%zz@h",
            "amqp://u:hunter2%4@h", "amqp://u:hunter2%ff@h", "amqp://u:hunter2@2@h", "amqp://u:hunter2@[::1",
            "amqp://u:hunter2@[::1]x",
            "amqp://hunter2:x:hunter2", "amqp://u:hunter2/@h", "amqp://u:hunter2/x@h",
        ])
    func errorUnusable(url: String) {
        let error = #expect(throws: AMQPError.self) { try AMQPConfiguration(url: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error.map { !"\($0)".contains("hunter2") } == true)
    }

    @Test("a configuration prints neither user name nor password")
    func configurationPrints() throws {
        let configuration = try AMQPConfiguration(url: "amqp://secretuser:hunter2@h/v")
        var dumped = ""
        dump(configuration, to: &dumped)
        for shown in [
            "\(configuration)", String(reflecting: configuration), dumped, "\([configuration])",
            "\((1, configuration))",
        ] {
            #expect(!shown.contains("hunter2"))
            #expect(!shown.contains("secretuser"))
            #expect(shown.contains("h:5672"))
        }
    }

    @Test("values out of range are rejected before anything is sent")
    func valuesOut() {
        let changes: [(inout AMQPConfiguration) -> Void] = [
            { $0.frameMax = 4095 }, { $0.frameMax = 131_073 }, { $0.channelMax = 0 }, { $0.port = 0 }, { $0.host = "" },
            { $0.heartbeat = .seconds(-1) }, { $0.heartbeat = .seconds(65_536) }, { $0.connectTimeout = .zero },
            { $0.rpcTimeout = .zero }, { $0.confirmTimeout = .zero }, { $0.retainedBodyBytes = -1 },
            { $0.virtualHost = String(repeating: "v", count: 256) },
            { $0.connectionName = String(repeating: "n", count: 256) },
            { $0.password = String(repeating: "p", count: 2000) },
        ]
        for change in changes {
            var configuration = AMQPConfiguration()
            change(&configuration)
            #expect(throws: AMQPError.self) { try configuration.validate() }
        }
        #expect(throws: Never.self) { try AMQPConfiguration().validate() }
    }

    @Test("rounding does not disable a heartbeat below one second")
    func roundingDisable() {
        var configuration = AMQPConfiguration()
        configuration.heartbeat = .milliseconds(1)
        #expect(configuration.heartbeatSeconds == 1)
        configuration.heartbeat = .zero
        #expect(configuration.heartbeatSeconds == 0)
        configuration.heartbeat = .milliseconds(1500)
        #expect(configuration.heartbeatSeconds == 2)
    }
}
