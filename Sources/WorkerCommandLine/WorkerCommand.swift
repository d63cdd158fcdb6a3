package import ArgumentParser
package import SessionCore
import WorkerRuntime

/// `sojourn worker`: executes commands from RabbitMQ until it is asked to stop.
package struct WorkerCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Execute commands until SIGTERM or SIGINT.",
        discussion: """
            Every setting can be given as an option (--amqp-url), an environment variable (SOJOURN_AMQP_URL) or a key in \
            the file given with --config (amqpUrl). Options override the environment, which overrides the file.

            Exit status: 0 after an orderly shutdown, 64 usage error, 78 configuration error, including rejected \
            credentials, 130 interrupted twice, 1 any other failure.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Generate a temporary keyring, for trying things out: all sessions are lost when the worker stops.")
    var dev = false

    package init() {}

    package func run() async throws {
        try await run(with: .none)
    }

    /// Runs with a package's extensions.
    package func run(with extensions: Extensions) async throws {
        ProcessProtection.restartWithoutDumps()
        let configuration = try await options.read(dev: dev)
        WorkerLogHandler.bootstrap(level: configuration.logLevel, format: configuration.logFormat)
        try await WorkerProcess(configuration, extensions: extensions).run()
    }
}
