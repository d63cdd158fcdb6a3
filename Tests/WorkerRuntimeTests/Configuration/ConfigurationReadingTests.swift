import FoundationEssentials
import Logging
import Testing

@testable import WorkerRuntime

@Suite("Reading the configuration")
struct ConfigurationReadingTests {
    private static let keys = "/etc/sojourn/keyring.json"

    func read(
        _ environment: [String: String] = [:], commandLine: [ConfigurationVariable: String] = [:],
        json: String? = nil
    ) async throws -> WorkerConfiguration {
        var environment = environment
        if environment["SOJOURN_KEYRING_FILE"] == nil, environment["SOJOURN_KEYRING_COMMAND"] == nil {
            environment["SOJOURN_KEYRING_FILE"] = Self.keys
        }
        guard let json else {
            return try await .read(commandLine: commandLine, environment: environment)
        }
        return try await withFile(json) { path in
            try await .read(commandLine: commandLine, environment: environment, file: path)
        }
    }

    @Test("without any setting, every variable has the contract's default")
    func defaults() async throws {
        let configuration = try await read()
        #expect(configuration.amqpURLs == ["amqp://guest:guest@127.0.0.1:5672/"])
        #expect(configuration.redisURL == "redis://127.0.0.1:6379/0")
        #expect(configuration.redisReplicas == 0)
        #expect(configuration.keyringFile == Self.keys)
        #expect(configuration.keyringCommand == nil)
        #expect(configuration.policyFile == nil)
        #expect(configuration.callersFile == nil)
        #expect(configuration.namespace == "sojourn")
        #expect(configuration.prefetch == 500)
        #expect(configuration.lanes >= 1)
        #expect(configuration.topology == .declare)
        #expect(configuration.issuer == "sojourn")
        #expect(configuration.audience == "sojourn")
        #expect(configuration.inboxSeconds == 3600)
        #expect(configuration.drainSeconds == 25)
        #expect(configuration.maxBodyBytes == 65536)
        #expect(configuration.adminAddress == SocketEndpoint(host: "127.0.0.1", port: 9490))
        #expect(configuration.logLevel == .info)
        #expect(configuration.logFormat == .text)
        #expect(!configuration.dev)
    }

    @Test("every variable can be given in the environment")
    func environment() async throws {
        let configuration = try await read([
            "SOJOURN_AMQP_URL": "amqps://u:p@a:5671/v, amqp://b",
            "SOJOURN_REDIS_URL": "rediss://cache/1", "SOJOURN_REDIS_REPLICAS": "16",
            "SOJOURN_POLICY_FILE": "/p", "SOJOURN_CALLERS_FILE": "/c",
            "SOJOURN_NAMESPACE": "a_B-9", "SOJOURN_PREFETCH": "65535", "SOJOURN_LANES": "3",
            "SOJOURN_TOPOLOGY": "check", "SOJOURN_ISSUER": "https://issuer", "SOJOURN_AUDIENCE": "shop",
            "SOJOURN_INBOX_SECONDS": "1", "SOJOURN_DRAIN_SECONDS": "2", "SOJOURN_MAX_BODY_BYTES": "2048",
            "SOJOURN_ADMIN_ADDRESS": "[::1]:0", "SOJOURN_LOG_LEVEL": "debug", "SOJOURN_LOG_FORMAT": "json",
        ])
        #expect(configuration.amqpURLs == ["amqps://u:p@a:5671/v", "amqp://b"])
        #expect(configuration.redisURL == "rediss://cache/1")
        #expect(configuration.redisReplicas == 16)
        #expect(configuration.policyFile == "/p")
        #expect(configuration.callersFile == "/c")
        #expect(configuration.namespace == "a_B-9")
        #expect(configuration.prefetch == 65535)
        #expect(configuration.lanes == 3)
        #expect(configuration.topology == .check)
        #expect(configuration.issuer == "https://issuer")
        #expect(configuration.audience == "shop")
        #expect(configuration.inboxSeconds == 1)
        #expect(configuration.drainSeconds == 2)
        #expect(configuration.maxBodyBytes == 2048)
        #expect(configuration.adminAddress == SocketEndpoint(host: "::1", port: 0))
        #expect(configuration.logLevel == .debug)
        #expect(configuration.logFormat == .json)
    }

    @Test("the environment overrides the file, and the command line overrides both")
    func order() async throws {
        let json = #"{"prefetch": 1, "lanes": 2, "issuer": "file"}"#
        let configuration = try await read(
            ["SOJOURN_PREFETCH": "10", "SOJOURN_LANES": "20"], commandLine: [.lanes: "200"], json: json)
        #expect(configuration.issuer == "file")
        #expect(configuration.prefetch == 10)
        #expect(configuration.lanes == 200)
    }

    @Test("the names in the environment and on the command line are the contract's")
    func names() {
        #expect(ConfigurationVariable.amqpUrl.environmentName == "SOJOURN_AMQP_URL")
        #expect(ConfigurationVariable.amqpUrl.optionName == "--amqp-url")
        #expect(ConfigurationVariable.maxBodyBytes.environmentName == "SOJOURN_MAX_BODY_BYTES")
        #expect(ConfigurationVariable.lanes.environmentName == "SOJOURN_LANES")
        #expect(ConfigurationVariable.allCases.count == 36)
    }

    @Test("an audit log needs a file, and a file an audit log that is not off")
    func auditFile() async throws {
        let both = try await read(["SOJOURN_AUDIT": "changes", "SOJOURN_AUDIT_FILE": "/a"])
        #expect(both.audit == .changes && both.auditFile == "/a")
        await #expect(throws: ConfigurationError.self) { try await read(["SOJOURN_AUDIT": "all"]) }
        await #expect(throws: ConfigurationError.self) { try await read(["SOJOURN_AUDIT_FILE": "/a"]) }
    }

    @Test(
        "each variable is found under its name in all three places", arguments: ConfigurationVariable.allCases)
    func everyPlace(variable: ConfigurationVariable) async throws {
        let commandLine = try await ConfigurationSources(commandLine: [variable: "x"], environment: [:], file: nil)
        #expect(try commandLine.setting(variable)?.name == variable.optionName)
        let environment = try await ConfigurationSources(
            commandLine: [:], environment: [variable.environmentName: "x"], file: nil)
        #expect(try environment.setting(variable)?.name == variable.environmentName)
        let value =
            switch variable.declaration.form {
            case .text: "\"x\""
            case .number: "1"
            case .flag: "true"
            }
        try await withFile("{\"\(variable.fileKey)\": \(value)}") { path in
            let file = try await ConfigurationSources(commandLine: [:], environment: [:], file: path)
            #expect(try file.setting(variable)?.name == "\(variable.fileKey) in \(path)")
        }
    }

    @Test(
        "an invalid value is rejected with the variable, the value and what is allowed",
        arguments: [
            ("SOJOURN_PREFETCH", "0", #"SOJOURN_PREFETCH is "0": it must be a whole number from 1 to 65535"#),
            ("SOJOURN_PREFETCH", "65536", #"SOJOURN_PREFETCH is "65536": it must be a whole number from 1 to 65535"#),
            ("SOJOURN_PREFETCH", "1e3", #"SOJOURN_PREFETCH is "1e3": it must be a whole number from 1 to 65535"#),
            ("SOJOURN_PREFETCH", "", "SOJOURN_PREFETCH is empty: it must be a whole number from 1 to 65535"),
            ("SOJOURN_LANES", "-1", #"SOJOURN_LANES is "-1": it must be a whole number from 1 to 256"#),
            (
                "SOJOURN_NAMESPACE", "a.b",
                #"SOJOURN_NAMESPACE is "a.b": it must be 1 to 32 letters A-Z a-z, digits, - and _"#
            ),
            (
                "SOJOURN_NAMESPACE", "über",
                #"SOJOURN_NAMESPACE is "über": it must be 1 to 32 letters A-Z a-z, digits, - and _"#
            ),
            ("SOJOURN_TOPOLOGY", "make", #"SOJOURN_TOPOLOGY is "make": it must be one of declare, check"#),
            (
                "SOJOURN_LOG_LEVEL", "loud",
                #"SOJOURN_LOG_LEVEL is "loud": it must be one of trace, debug, info, notice, warning, error, critical"#
            ),
            ("SOJOURN_LOG_FORMAT", "xml", #"SOJOURN_LOG_FORMAT is "xml": it must be one of text, json"#),
            (
                "SOJOURN_ISSUER", "a\nb",
                #"SOJOURN_ISSUER is "a\nb": it must be 1 to 256 bytes without control characters"#
            ),
            ("SOJOURN_CALLERS_FILE", "", "SOJOURN_CALLERS_FILE is empty: it must be the path of a file"),
            (
                "SOJOURN_AMQP_URL", "http://x",
                "SOJOURN_AMQP_URL is not usable: it must begin with amqp:// or amqps://"
            ),
            ("SOJOURN_AMQP_URL", "amqp://a,", "SOJOURN_AMQP_URL is not usable: it must begin with amqp:// or amqps://"),
            (
                "SOJOURN_REDIS_URL", "http://h",
                "SOJOURN_REDIS_URL is not usable: "
                    + "it must begin with redis://, rediss://, redis+sentinel://, rediss+sentinel://, "
                    + "redis+cluster:// or rediss+cluster://"
            ),
            ("SOJOURN_REDIS_URL", "rediss://", "SOJOURN_REDIS_URL is not usable: a host must follow rediss://"),
        ])
    func badValues(name: String, value: String, sentence: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await read([name: value]) }
        #expect(error?.description == sentence)
        #expect(error?.code == .invalidValue)
    }

    @Test("a namespace of 32 characters is accepted, and one of 33 is not")
    func namespaceLength() async throws {
        let longest = String(repeating: "n", count: 32)
        #expect(try await read(["SOJOURN_NAMESPACE": longest]).namespace == longest)
        await #expect(throws: ConfigurationError.self) { try await read(["SOJOURN_NAMESPACE": longest + "n"]) }
    }

    @Test(
        "an admin address that is not host:port is rejected",
        arguments: [
            "9490", ":9490", "localhost", "h:65536", "h:-1", "h:", "::1:9490", "[::1]", "[h]:1", "a b:1", "h:+1",
        ])
    func badAddresses(address: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await read(["SOJOURN_ADMIN_ADDRESS": address])
        }
        #expect(error?.subject == "SOJOURN_ADMIN_ADDRESS")
        #expect(error?.remedy.hasPrefix("it must be host:port") == true)
    }

    @Test("an error names the option, or the key and the file, that the value came from")
    func namedAsWritten() async throws {
        let option = await #expect(throws: ConfigurationError.self) {
            try await read(["SOJOURN_PREFETCH": "5"], commandLine: [.prefetch: "many"])
        }
        #expect(option?.subject == "--prefetch")
        let key = await #expect(throws: ConfigurationError.self) { try await read(json: #"{"prefetch": 0}"#) }
        #expect(key?.subject.hasPrefix("prefetch in /") == true)
    }

    @Test(
        "no error repeats a URL",
        arguments: ["amqp://u:hunter2@", "hunter2", "amqp://hunter2 x", "x,amqp://:hunter2@h"])
    func noPasswords(url: String) async throws {
        for name in ["SOJOURN_AMQP_URL", "SOJOURN_REDIS_URL"] {
            do {
                _ = try await read([name: url])
            } catch {
                #expect(!"\(error) \(String(reflecting: error))".contains("hunter2"))
            }
        }
    }

    @Test("a configuration is shown without its passwords, even badly encoded ones")
    func shownWithoutPasswords() async throws {
        let configuration = try await read([
            "SOJOURN_AMQP_URL": "amqps://user:hunter2@broker:5671/v",
            "SOJOURN_REDIS_URL": "rediss://:hun/t@er2@cache:6380/1?password=hunter2",
        ])
        let shown = configuration.description
        #expect(shown.contains("amqpUrl=amqps://broker:5671/v"))
        #expect(shown.contains("redisUrl=rediss://cache:6380/1"))
        for text in [shown, String(reflecting: configuration)] {
            #expect(!text.contains("hunter2") && !text.contains("er2") && !text.contains("user"))
        }
    }

    @Test(
        "a value of the wrong type, or invalid JSON, is rejected in the file",
        arguments: [
            #"{"lanes": "2"}"#, #"{"namespace": 2}"#, #"{"requireTls": "true"}"#, #"{"requireTls": 1}"#,
            #"{"lanes": 1,}"#, #"{"lanes": 1, "lanes": 2}"#, #"{"lanes": 1} // two"#, "{\"lane\u{17F}\": 1}",
        ])
    func strictFile(json: String) async throws {
        await #expect(throws: ConfigurationError.self) { try await read(json: json) }
    }

    @Test("an unknown key in the file is rejected with the nearest known key, or the list of all")
    func unknownKey() async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await read(json: #"{"prefetsch": 5}"#) }
        #expect(error?.code == .unknownKey)
        #expect(error?.subject.hasPrefix(#""prefetsch" in /"#) == true)
        #expect(error?.remedy == "did you mean prefetch?")
        #expect(error?.remedy.contains("prefetch") == true)
        let strange = await #expect(throws: ConfigurationError.self) { try await read(json: #"{"zzz": 5}"#) }
        #expect(strange?.remedy.contains("prefetch, ") == true)
    }

    @Test("a number in the file in place of a text is rejected")
    func numberForText() async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await read(json: #"{"namespace": 5}"#) }
        #expect(error?.description.contains("namespace in /") == true)
        #expect(error?.problem == "is not a text")
    }

    @Test("--dev in the file is rejected, and the error says where it can be given")
    func devInFile() async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await read(json: #"{"dev": true}"#) }
        #expect(error?.code == .unknownKey)
        #expect(error?.remedy.contains("--dev") == true)
    }

    @Test(
        "a value in the file that must be a number is rejected if it is not, even a number in quotes",
        arguments: ["null", "true", "[]", #"["a"]"#, "{}", "1.5", #""2""#, #""""#])
    func wrongTypes(value: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await read(json: "{\"lanes\": \(value)}") }
        #expect(error?.code == .invalidValue)
        #expect(error?.subject.hasPrefix("lanes in /") == true)
    }

    @Test(
        "a file that is not a JSON object is rejected",
        arguments: ["", "[]", "5", "{", #"{"lanes": 1} x"#, #"{"lanes": 1,}"#, #"{"lanes": 1, "lanes": 1}"#])
    func notAnObject(json: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await read(json: json) }
        #expect(error?.code == .unreadableFile)
        #expect(error?.problem == "is not a JSON object")
    }

    @Test("a missing file is reported with its name")
    func missingFile() async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await WorkerConfiguration.read(environment: [:], file: "/nowhere/sojourn.json")
        }
        #expect(error?.code == .unreadableFile)
        #expect(error?.subject == "/nowhere/sojourn.json")
    }

    @Test("variables set by Kubernetes or by the project's tools are ignored")
    func serviceVariables() async throws {
        _ = try await read([
            "SOJOURN_PORT": "tcp://10.0.0.1:9490", "SOJOURN_SERVICE_HOST": "10.0.0.1",
            "SOJOURN_PORT_9490_TCP_ADDR": "10.0.0.1", "SOJOURN_SERVICE_PORT_HTTP": "9490",
            "SOJOURN_WORKER_SERVICE_HOST": "10.0.0.1", "SOJOURN_BIN": "/x", "SOJOURN_TEST_AMQP_URL": "x",
        ])
    }

    @Test(
        "an unknown variable is rejected, and the nearest known one is named",
        arguments: [
            ("SOJOURN_AMPQ_URL", "did you mean SOJOURN_AMQP_URL?"),
            ("SOJOURN_REQUIRE_TSL", "did you mean SOJOURN_REQUIRE_TLS?"),
            ("SOJOURN_CALERS_FILE", "did you mean SOJOURN_CALLERS_FILE?"),
            ("SOJOURN_redis_url", "did you mean SOJOURN_REDIS_URL?"),
        ])
    func misspeltVariable(name: String, remedy: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await read([name: "hunter2"]) }
        #expect(error?.code == .unknownKey)
        #expect(error?.description == "\(name) is not a known variable: \(remedy)")
    }

    @Test(
        "if TLS is required, only addresses of this machine may be used without it",
        arguments: [
            ("amqp://127.0.0.1/", true), ("amqp://127.9.8.7/", true), ("amqp://[::1]/", true),
            ("amqp://LocalHost/", true), ("amqps://broker/", true),
            ("amqp://broker/", false), ("amqp://localhost.example/", false), ("amqp://127.1/", false),
            ("amqp://0.0.0.0/", false), ("amqp://127.0.0.1.example/", false), ("amqp://128.0.0.1/", false),
            ("amqp://[::2]/", false), ("amqp://127.0.0.256/", false), ("amqp://127.0.0.01/", false),
            ("amqp://127.0.0.1/,amqp://user:hunter2@broker/", false),
        ])
    func requireTLS(url: String, isTaken: Bool) async throws {
        #expect(try await read(["SOJOURN_AMQP_URL": url]).withoutTLS.isEmpty == isTaken)
        let variables = ["SOJOURN_AMQP_URL": url, "SOJOURN_REQUIRE_TLS": "true"]
        if isTaken {
            #expect(try await read(variables).requireTLS)
        } else {
            let error = await #expect(throws: ConfigurationError.self) { try await read(variables) }
            #expect(error?.code == .unprotectedServer)
            #expect(error?.subject.hasPrefix("SOJOURN_AMQP_URL (amqp://") == true)
            #expect(error?.description.contains("hunter2") == false)
        }
    }

    @Test("if TLS is required, a remote Redis is not used without it")
    func requireTLSOfRedis() async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await read(["SOJOURN_REDIS_URL": "redis://:hunter2@cache/0", "SOJOURN_REQUIRE_TLS": "true"])
        }
        #expect(error?.subject == "SOJOURN_REDIS_URL (redis://cache/0)")
    }

    @Test(
        "a URL is shown without anything that may be a part of a secret",
        arguments: [
            ("redis+sentinel://u:hunter2@a,b/m?sentinel-password=hunter2", "redis+sentinel://a,b/m"),
            ("redis+sentinel://a/m?sentinel-password=x@hunter2", "redis+sentinel://…"),
            ("redis://u:hunter2?@a", "redis://…"),
        ])
    func shownURL(url: String, shown: String) {
        #expect(WorkerConfiguration.withoutSecrets(url) == shown)
    }
}

/// Runs `body` with the path of a file that contains `text`, and removes the file.
private func withFile<Result>(
    _ text: String, _ body: (String) async throws -> Result
) async throws -> Result {
    let path = FileManager.default.temporaryDirectory
        .appending(path: "sojourn-configuration-\(UUID().uuidString).json").path
    try Data(text.utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
