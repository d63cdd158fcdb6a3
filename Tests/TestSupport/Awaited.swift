import Synchronization

/// A value that other code changes and a test waits for.
package final class Awaited<Value: Sendable>: Sendable {
    private struct Waiter {
        let number: Int
        let isThere: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var value: Value
        var waiters: [Waiter] = []
        var lastNumber = 0
    }

    private let state: Mutex<State>

    package init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    package var value: Value { state.withLock { $0.value } }

    package func change(_ change: (inout Value) -> Void) {
        let served = state.withLock { state in
            change(&state.value)
            let value = state.value
            defer { state.waiters.removeAll { $0.isThere(value) } }
            return state.waiters.filter { $0.isThere(value) }
        }
        for waiter in served { waiter.continuation.resume() }
    }

    /// Returns at once if the condition already holds, or if the task is cancelled: a test whose time limit has passed
    /// must end, and fail.
    package func wait(until isThere: @escaping @Sendable (Value) -> Bool) async {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isServed = state.withLock { state in
                    if Task.isCancelled || isThere(state.value) { return true }
                    state.waiters.append(Waiter(number: number, isThere: isThere, continuation: continuation))
                    return false
                }
                if isServed { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let place = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
                return state.waiters.remove(at: place)
            }
            waiter?.continuation.resume()
        }
    }
}
