import Synchronization

/// Why a benchmark could not be run, as a sentence.
package struct BenchmarkError: Error, Sendable {
    package enum Kind: Sendable {
        /// The broker, or a worker, is not there.
        case unavailable
        /// A worker answered with an error.
        case refused
    }

    package let kind: Kind
    package let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// Asks a benchmark to stop: it then reports what it has measured, and removes what it has made.
package final class Interruption: Sendable {
    private struct State {
        var isRaised = false
        var handler: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    package var isRaised: Bool { state.withLock { $0.isRaised } }

    package func raise() {
        let handler = state.withLock { state in
            state.isRaised = true
            return state.handler
        }
        handler?()
    }

    /// Calls `handler` when the interruption is raised; at once if it has been.
    func onRaise(_ handler: @escaping @Sendable () -> Void) {
        let isRaised = state.withLock { state in
            state.handler = handler
            return state.isRaised
        }
        if isRaised { handler() }
    }
}
