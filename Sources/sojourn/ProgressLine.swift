import Glibc
import SessionStore

/// How far a long walk has come, on standard error: in place on a terminal, else a line for each tenth.
final class ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var lastTenth = 0
    private var isShown = false

    func show(_ progress: ResealProgress) {
        let percent = Int(progress.fraction * 100)
        let text = "\(percent) %: \(progress.records) records looked at, \(progress.resealed) sealed again"
        if isTerminal {
            Output.again(text)
            isShown = true
        } else if percent / 10 > lastTenth {
            lastTenth = percent / 10
            Output.note(text)
        }
    }

    /// Whatever comes next begins a line.
    func end() {
        if isShown { Output.note("") }
    }
}
