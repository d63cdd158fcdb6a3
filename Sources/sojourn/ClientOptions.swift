import ArgumentParser
import Logging
import SojournClient
import WorkerCommandLine
import WorkerRuntime

/// Options for commands that talk to a running installation.
struct ClientOptions: ParsableArguments {
    @Option(help: .setting(.amqpUrl)) var amqpUrl: String?

    @OptionGroup var tls: AMQPTLSOptions

    @Option(help: .setting(.namespace)) var namespace: String?

    @Option(help: .configurationFile) var config: String?

    func read(with further: [ConfigurationVariable: String?] = [:]) async throws -> WorkerConfiguration {
        var overrides = further.compactMapValues(\.self)
        overrides[.amqpUrl] = amqpUrl
        overrides.merge(tls.given) { _, given in given }
        overrides[.namespace] = namespace
        return try await WorkerConfiguration.read(commandLine: overrides, file: config, needsKeyring: false)
    }

    /// Connects to the first broker that accepts, for as long as `body` needs it.
    ///
    /// - Throws: `CommandFailure` for errors of the client; what else `body` throws.
    func withClient<Value: Sendable>(_ body: (SessionClient) async throws -> Value) async throws -> Value {
        try await withClient(try await read(), body)
    }

    func withClient<Value: Sendable>(
        _ configuration: WorkerConfiguration, _ body: (SessionClient) async throws -> Value
    ) async throws -> Value {
        let logger = Logger(label: "sojourn.client") { _ in SwiftLogNoOpLogHandler() }
        do {
            var settings = SessionClientConfiguration(urls: [])
            settings.namespace = configuration.namespace
            return try await SessionClient(settings, brokers: try configuration.brokers(), logger: logger)
                .whileConnected(body)
        } catch let error as SojournError {
            throw CommandFailure(of: error)
        }
    }
}
