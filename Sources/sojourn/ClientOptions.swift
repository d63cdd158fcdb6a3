import ArgumentParser
import Logging
import SessionWorker
import SojournClient
import SojournWorker

/// What a command that talks to a running installation has to know.
struct ClientOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The broker. A password here shows in the process list; prefer SOJOURN_AMQP_URL. "
                + "(default: amqp://guest:guest@127.0.0.1:5672/)", valueName: "url"))
    var amqpUrl: String?

    @Option(help: ArgumentHelp("The installation's namespace. (default: sojourn)"))
    var namespace: String?

    @Option(help: ArgumentHelp("Read this JSON file, weaker than environment and options.", valueName: "file"))
    var config: String?

    func read(with further: [ConfigurationVariable: String?] = [:]) async throws -> WorkerConfiguration {
        var overrides = further.compactMapValues(\.self)
        overrides[.amqpUrl] = amqpUrl
        overrides[.namespace] = namespace
        return try await WorkerConfiguration.read(commandLine: overrides, file: config, needsKeyring: false)
    }

    /// A client on the first broker that answers.
    func connect() async throws -> SojournClient {
        try await connect(try await read())
    }

    func connect(_ configuration: WorkerConfiguration) async throws -> SojournClient {
        var logger = Logger(label: "sojourn.client") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        var failure: SojournClientError?
        for url in configuration.amqpURLs {
            do {
                return try await SojournClient.connect(url: url, namespace: configuration.namespace, logger: logger)
            } catch {
                failure = error
            }
        }
        throw CommandFailure(failure?.message ?? "no broker is configured", status: ExitStatus.unavailable)
    }
}
