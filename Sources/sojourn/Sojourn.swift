import ArgumentParser
import SojournWorker

/// The command line. A command is a file of its own, listed here.
@main
struct Sojourn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sojourn",
        abstract: "Sessions for other services, over RabbitMQ, kept in Redis.",
        subcommands: [
            WorkerCommand.self, SendCommand.self, WatchCommand.self, QuarantineCommand.self, KeysCommand.self,
            TopologyCommand.self,
        ])

    static func main() async {
        await CommandLineProgram.run(Sojourn.self)
    }
}
