package import ArgumentParser
import Glibc
import SessionContract
import WorkerRuntime

/// Like the argument parser's own `main`, but failures are printed as `sojourn: <sentence>` on standard error, and have
/// an exit status that scripts and unit files can distinguish (see `ExitStatus`). With `--json` they are an object instead.
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
            print(root.fullMessage(for: error))
            if fflush(nil) != 0 { leaveWithoutOutput(errno) }
            Glibc.exit(EXIT_SUCCESS)
        }
        let text: String
        let status: ExitCode
        if parserStatus == .validationFailure {
            let message =
                UnknownCommand.sentence(CommandLine.arguments.dropFirst(), of: root.configuration)
                ?? root.fullMessage(for: error)
            let prefix = "Error: "
            // It may have several lines, and contains the arguments as given.
            text = PrintableText.escaped(
                message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message, keepsLines: true)
            status = parserStatus
        } else {
            text = PrintableText.escaped("\(error)")
            status = ExitStatus.of(error)
        }
        LastWords.say(wantsJSON ? errorObject(text, status) : "sojourn: \(text)")
        Glibc.exit(status.rawValue)
    }

    /// Ends the program because standard output cannot be written: silently if its reader is gone.
    package static func leaveWithoutOutput(_ error: Int32) -> Never {
        if error != EPIPE { LastWords.say("sojourn: standard output: \(String(cString: strerror(error)))") }
        Glibc.exit(EXIT_FAILURE)
    }

    /// A command whose arguments cannot be read has no property that tells.
    private static var wantsJSON: Bool {
        CommandLine.arguments.dropFirst().prefix { $0 != "--" }.contains("--json")
    }

    /// In characters, so that the object is whole within the last words.
    private static let longestMessage = 900

    /// What a program reads that has asked for JSON: `{"error": {"status": 69, "message": "…"}}`.
    private static func errorObject(_ text: String, _ status: ExitCode) -> String {
        let json = JSONWriter.object { json in
            json.object("error") { json in
                json.member("status", Int(status.rawValue))
                json.member("message", String(text.unicodeScalars.prefix(longestMessage)))
            }
        }
        return String(decoding: PrintableText.json(json), as: UTF8.self)
    }
}
