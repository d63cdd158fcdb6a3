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

    /// A client connected to the first broker that accepts.
    func connect() async throws -> SessionClient {
        try await connect(try await read())
    }

    func connect(_ configuration: WorkerConfiguration) async throws -> SessionClient {
        var logger = Logger(label: "sojourn.client") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let brokers = try configuration.brokers()
        do {
            return try await SessionClient.connect(
                to: brokers, namespace: configuration.namespace, logger: logger)
        } catch {
            throw CommandFailure(error.message, status: ExitStatus.unavailable)
        }
    }
}
