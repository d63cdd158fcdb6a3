import Glibc
import SessionStorage

/// Progress of a long scan, on standard error: updated in place on a terminal, otherwise a line for every tenth.
final class ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var lastTenth = 0
    private var isShown = false

    func show(_ progress: ResealProgress) {
        let percent = Int(progress.fraction * 100)
        let text = "\(percent) %: \(progress.records) records checked, \(progress.resealed) resealed"
        if isTerminal {
            Output.again(text)
            isShown = true
        } else if percent / 10 > lastTenth {
            lastTenth = percent / 10
            Output.note(text)
        }
    }

    /// Ends the line, so that later output starts a new one.
    func end() {
        if isShown { Output.note("") }
    }
}
