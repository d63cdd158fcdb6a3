import ArgumentParser
import Glibc

/// The command line. A command is a file of its own, listed here.
@main
struct Sojourn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sojourn",
        abstract: "Sessions for other services, over RabbitMQ, kept in Redis.",
        subcommands: [
            WorkerCommand.self, SendCommand.self, WatchCommand.self, KeysCommand.self, TopologyCommand.self,
        ])

    /// The argument parser's own `main`, but for how failures leave: `sojourn: <sentence>` on standard error, and an
    /// exit status that a script or a unit file can tell apart (see `ExitStatus`).
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            leave(with: error)
        }
    }

    private static func leave(with error: any Error) -> Never {
        // A command that has said what there is to say leaves with nothing but a status.
        if let status = error as? ExitCode { Glibc.exit(status.rawValue) }
        let parserStatus = exitCode(for: error)
        if parserStatus == .success {
            // `--help` and `--version` come as errors too, and belong on standard output.
            exit(withError: error)
        }
        let text: String
        let status: ExitCode
        if parserStatus == .validationFailure {
            let message = fullMessage(for: error)
            let prefix = "Error: "
            text = message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
            status = parserStatus
        } else {
            text = "\(error)"
            status = ExitStatus.of(error)
        }
        var line = "sojourn: \(text)\n"
        _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        Glibc.exit(status.rawValue)
    }
}
