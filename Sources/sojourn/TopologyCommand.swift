import ArgumentParser
import SessionContract
import WorkerCommandLine
import WorkerRuntime

/// `sojourn topology`: prints the RabbitMQ objects that a worker needs.
struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Print the exchanges, queues and bindings as a RabbitMQ definitions file.",
        discussion: "Import it with `rabbitmqctl import_definitions FILE`; then use SOJOURN_TOPOLOGY=check.")

    @Option(help: "The virtual host named in the definitions.")
    var vhost = "/"

    @Option(help: .setting(.namespace)) var namespace: String?

    func run() async throws {
        var overrides: [ConfigurationVariable: String] = [:]
        overrides[.namespace] = namespace
        let configuration = try await WorkerConfiguration.read(commandLine: overrides, needsKeyring: false)
        Output.json(Topology(namespace: configuration.namespace).definitions(virtualHost: vhost))
    }
}
