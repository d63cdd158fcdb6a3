import Glibc
import WorkerCommandLine

/// A question to the person at the terminal, before something that cannot be undone.
enum Question {
    /// - Returns: whether the answer was yes.
    /// - Throws: `CommandFailure` if there is nobody to ask.
    static func ask(_ question: String) throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure("\(question) There is nobody to ask: --yes does it", status: ExitStatus.usage)
        }
        Output.note("\(question) [y/N]")
        guard let answer = readLine()?.lowercased(), answer == "y" || answer == "yes" else {
            Output.note("nothing was done")
            return false
        }
        return true
    }
}
