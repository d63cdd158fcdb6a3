import ArgumentParser
import FoundationEssentials
import SessionCore
public import SojournExtension
import WorkerCommandLine

extension SojournWorker {
    /// Runs the worker of `sojourn worker`, with these rules and verifiers added, until SIGTERM or SIGINT; to be called
    /// once, from `main`.
    ///
    /// It reads the same options, environment and file (see `worker --help`), and exits with the same status: 0 after an
    /// orderly stop, 64 wrong usage, 78 wrong configuration or a server that refuses it, 130 interrupted twice, 1 anything
    /// else. So it returns only after an orderly stop. The program may be called with or without the word `worker` before its
    /// options, so that it can take the place of `sojourn`.
    ///
    /// - Parameters:
    ///   - rules: asked in this order; 64 at most.
    ///   - verifiers: 16 at most, no two of one kind, and none of the kinds `totp` and `recovery`. The exit status is 78
    ///     for what cannot be added.
    public static func main(rules: [any SessionRule] = [], verifiers: [any FactorVerifier] = []) async {
        await CommandLineProgram.run(ExtendedProgram.self) { command in
            guard let worker = command as? WorkerCommand else { return false }
            try await worker.run(with: Extensions(rules: rules, verifiers: verifiers))
            return true
        }
    }
}

/// The command line of a program that extends the worker: `worker`, said or not.
private struct ExtendedProgram: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: ProcessInfo.processInfo.arguments.first?.split(separator: "/").last.map(String.init),
            abstract: "A Sojourn worker with its own rules.",
            subcommands: [WorkerCommand.self], defaultSubcommand: WorkerCommand.self)
    }
}
