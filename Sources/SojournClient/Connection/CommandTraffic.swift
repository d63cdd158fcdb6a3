import Synchronization

/// The commands that wait for results, and the limits of their number and size.
final class CommandTraffic: Sendable {
    private struct State {
        var commands = 0
        var bytes = 0
    }

    private let limit: State
    private let state = Mutex(State())

    init(commands: Int, bytes: Int) {
        limit = State(commands: commands, bytes: bytes)
    }

    /// Counts a command while `body` runs.
    ///
    /// - Parameter bytes: the size of its body.
    /// - Throws: `tooManyCommands`; what `body` throws.
    func counting<Value: Sendable>(bytes: Int, _ body: () async throws -> Value) async throws -> Value {
        let isAdmitted = state.withLock { state in
            guard state.commands < limit.commands, bytes <= limit.bytes - state.bytes else { return false }
            state.commands += 1
            state.bytes += bytes
            return true
        }
        guard isAdmitted else {
            throw SojournError(
                .tooManyCommands, "too many commands wait for results already, or their bodies are too large",
                isRetryable: true)
        }
        defer {
            state.withLock { state in
                state.commands -= 1
                state.bytes -= bytes
            }
        }
        return try await body()
    }
}
