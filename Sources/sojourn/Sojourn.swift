import ArgumentParser
import SessionContract
import WorkerCommandLine

/// The command line. Each command has its own file and is listed here.
@main
struct Sojourn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sojourn",
        abstract: "A session service over RabbitMQ that keeps its state in Redis.",
        version: SojournVersion.text,
        subcommands: [
            WorkerCommand.self, SendCommand.self, WatchCommand.self, SessionsCommand.self, VerifyCommand.self,
            PolicyCommand.self, QuarantineCommand.self, KeysCommand.self, AuditCommand.self, TopologyCommand.self,
            StatusCommand.self, DoctorCommand.self, BenchCommand.self,
        ])

    static func main() async {
        await CommandLineProgram.run(Sojourn.self)
    }
}
