import ArgumentParser
import FoundationEssentials
import SessionCore
public import SojournExtension
import WorkerCommandLine

extension SojournWorker {
    /// Runs `sojourn worker` with additional rules and verifiers until SIGTERM or SIGINT. Call it once, from `main`.
    ///
    /// It reads the same options, environment variables and configuration file (see `worker --help`), and exits with the
    /// same statuses: 64 for a usage error, 78 for a configuration error (including rejected credentials), 130 if
    /// interrupted twice, 1 for any other failure. It returns only after an orderly shutdown. The word `worker` before
    /// the options is optional, so the program can replace `sojourn`.
    ///
    /// - Parameters:
    ///   - rules: run in this order; at most 64.
    ///   - verifiers: at most 16, each of a different kind, and none of the kinds `totp` and `recovery`. If one cannot
    ///     be added, the exit status is 78.
    public static func main(rules: [any SessionRule] = [], verifiers: [any FactorVerifier] = []) async {
        await CommandLineProgram.run(ExtendedProgram.self) { command in
            guard let worker = command as? WorkerCommand else { return false }
            try await worker.run(with: Extensions(rules: rules, verifiers: verifiers))
            return true
        }
    }
}

/// The command line of a program that extends the worker; the word `worker` is optional.
private struct ExtendedProgram: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: ProcessInfo.processInfo.arguments.first?.split(separator: "/").last.map(String.init),
            abstract: "A Sojourn worker with its own rules.",
            subcommands: [WorkerCommand.self], defaultSubcommand: WorkerCommand.self)
    }
}
