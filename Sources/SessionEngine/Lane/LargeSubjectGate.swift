import Synchronization

/// Lets one lane at a time carry out a large subject: what is loaded of it takes up tens of megabytes for a moment, however
/// many lanes there are.
package final class LargeSubjectGate: Sendable {
    private struct State {
        var isTaken = false
        var waiters: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Enters if nobody is inside; if somebody is, `onFree` is called once when that is over.
    func enter(onFree: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.isTaken {
                state.waiters.append(onFree)
                return false
            }
            state.isTaken = true
            return true
        }
    }

    func leave() {
        let waiters = state.withLock { state in
            state.isTaken = false
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter() }
    }
}
