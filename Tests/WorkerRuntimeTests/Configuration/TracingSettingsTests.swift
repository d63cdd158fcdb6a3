import Logging
import Testing

@testable import WorkerRuntime

@Suite("Settings of tracing")
struct TracingSettingsTests {
    private func read(_ settings: [ConfigurationVariable: String]) async throws(ConfigurationError)
        -> WorkerConfiguration
    {
        try await WorkerConfiguration.read(commandLine: settings, environment: [:], needsKeyring: false)
    }

    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("without an endpoint nothing is exported")
    func off() async throws {
        #expect(try TraceExport(try await read([:]), instance: "i", logger: logger) == nil)
    }

    @Test("the URL is shown by its host alone")
    func shown() async throws {
        let configuration = try await read([.otlpUrl: "https://collector:4318/hunter2"])
        #expect("\(configuration)".contains("otlpUrl=collector:4318"))
        #expect(!"\(configuration)".contains("hunter2"))
        #expect(try TraceExport(configuration, instance: "i", logger: logger) != nil)
    }

    @Test(
        "a file without an endpoint that needs it is a mistake",
        arguments: [(ConfigurationVariable.otlpHeadersFile, "/h"), (.otlpCaFile, "/c")])
    func lone(variable: ConfigurationVariable, value: String) async {
        await #expect(throws: ConfigurationError.self) { try await read([variable: value]) }
    }

    @Test("the ratio is a decimal number from 0 to 1", arguments: ["0", "1", "1.0", "0.25", ".5", "0.000001"])
    func ratio(text: String) async throws {
        #expect(try await read([.otlpUrl: "http://c", .traceRatio: text]).traceRatio == Double(text))
    }

    @Test(
        "no other text is a ratio",
        arguments: [
            "", "-0.1", "1.1", "nan", "inf", "1e-3", "0x1", "+1", "0,5", ".", "1.0.0", "0.00000000000000000000001",
        ])
    func noRatio(text: String) async {
        await #expect(throws: ConfigurationError.self) {
            try await read([.otlpUrl: "http://c", .traceRatio: text])
        }
    }

    @Test("an endpoint on another machine needs TLS if TLS is required")
    func requiredTLS() async throws {
        await #expect(throws: ConfigurationError.self) {
            try await read([.otlpUrl: "http://collector.example:4318", .requireTls: "true"])
        }
        _ = try await read([.otlpUrl: "http://localhost:4318", .requireTls: "true"])
        _ = try await read([.otlpUrl: "https://collector.example", .requireTls: "true"])
    }
}
