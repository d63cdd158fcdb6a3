package import ArgumentParser
import Glibc
import SessionContract
import WorkerRuntime

/// The argument parser's own `main`, but for how failures leave: `sojourn: <sentence>` on standard error, and an exit
/// status that a script or a unit file can tell apart (see `ExitStatus`).
package enum CommandLineProgram {
    /// Carries out what the process's arguments ask for, and returns when that is done.
    ///
    /// - Parameter work: what to do with a command instead of running it; `false` where it shall run as ever.
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
        // A command that has said what there is to say leaves with nothing but a status.
        if let status = error as? ExitCode { Glibc.exit(status.rawValue) }
        let parserStatus = root.exitCode(for: error)
        if parserStatus == .success {
            // `--help` and `--version` come as errors too, and belong on standard output.
            root.exit(withError: error)
        }
        let text: String
        let status: ExitCode
        if parserStatus == .validationFailure {
            let message = root.fullMessage(for: error)
            let prefix = "Error: "
            // It may be of several lines, and has the arguments as they were given.
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
