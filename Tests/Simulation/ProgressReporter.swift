import Synchronization

/// Reports how far a long run has come, at most every few seconds.
package final class ProgressReporter: Sendable {
    private let last = Mutex(ContinuousClock.now)
    private let report: @Sendable (String) -> Void

    package init(_ report: @escaping @Sendable (String) -> Void = { _ in }) {
        self.report = report
    }

    /// Reports the line unless another was reported in the last five seconds.
    func note(_ line: @autoclosure () -> String) {
        let isDue = last.withLock { last in
            guard last.duration(to: .now) > .seconds(5) else { return false }
            last = .now
            return true
        }
        if isDue { report(line()) }
    }

    /// Reports the line.
    func tell(_ line: String) {
        report(line)
    }
}
