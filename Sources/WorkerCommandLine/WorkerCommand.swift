package import ArgumentParser
package import SessionCore
import WorkerRuntime

/// `sojourn worker`: executes commands from RabbitMQ until it is asked to stop.
package struct WorkerCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Execute commands until SIGTERM or SIGINT.",
        discussion: """
            Every option is also an environment variable, SOJOURN_ and its name in capitals (--amqp-url: \
            SOJOURN_AMQP_URL), and a key of the file given with --config (amqpUrl). Options go before the environment, \
            the environment before the file.

            Exit status: 0 stopped in order, 64 wrong usage, 78 wrong configuration, or a server that refuses \
            it, 130 interrupted twice, 1 anything else.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Generate a temporary keyring: every session is lost when the worker stops. Only for trying out.")
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
