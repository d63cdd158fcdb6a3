package import ArgumentParser
import Glibc
import SessionContract
import WorkerRuntime

/// Like the argument parser's own `main`, but failures are printed as `sojourn: <sentence>` on standard error, and have
/// an exit status that scripts and unit files can distinguish (see `ExitStatus`).
package enum CommandLineProgram {
    /// Executes the command given by the process's arguments, and returns when it is done.
    ///
    /// - Parameter work: handles a command instead of running it; returns `false` to run it as usual.
    package static func run<Root: ParsableCommand>(
        _ root: Root.Type, instead work: (any ParsableCommand) async throws -> Bool = { _ in false }
    ) async {
        do {
            var command = try root.parseAsRoot()
            if try await work(command) { return }
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            leave(root, with: error)
        }
    }

    private static func leave<Root: ParsableCommand>(_ root: Root.Type, with error: any Error) -> Never {
        // A command that has printed everything itself exits with only a status.
        if let status = error as? ExitCode { Glibc.exit(status.rawValue) }
        let parserStatus = root.exitCode(for: error)
        if parserStatus == .success {
            // `--help` and `--version` are errors to the parser, but belong on standard output.
            root.exit(withError: error)
        }
        let text: String
        let status: ExitCode
        if parserStatus == .validationFailure {
            let message = root.fullMessage(for: error)
            let prefix = "Error: "
            // It may have several lines, and contains the arguments as given.
            text = PrintableText.escaped(
                message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message, keepsLines: true)
            status = parserStatus
        } else {
            text = PrintableText.escaped("\(error)")
            status = ExitStatus.of(error)
        }
        LastWords.say("sojourn: \(text)")
        Glibc.exit(status.rawValue)
    }
}
