import Synchronization

/// Lets one lane at a time process a large subject, which briefly needs tens of megabytes, however many lanes there
/// are.
package final class LargeSubjectGate: Sendable {
    private struct State {
        var isTaken = false
        var waiters: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Enters if the gate is free. Otherwise `onFree` is called once when it becomes free.
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
