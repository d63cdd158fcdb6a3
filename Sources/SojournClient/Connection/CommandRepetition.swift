import ConnectionSupport

/// Sends a command until it has a result that is final, or its time is up.
struct CommandRepetition {
    let deadline: CommandDeadline
    /// Called before each repetition with what the attempt before ended with.
    let onRepeat: (String) -> Void

    /// - Returns: the last attempt's reply.
    /// - Throws: its error.
    func run(_ attempt: () async throws -> CommandReply) async throws -> CommandReply {
        var backoff = Backoff()
        var generator = SystemRandomNumberGenerator()
        var lastCause: String?
        while true {
            let outcome: Result<CommandReply, SojournError>
            do { outcome = .success(try await attempt()) } catch let error as SojournError {
                outcome = .failure(error.code == .timeout ? error.after(lastCause) : error)
            }
            guard let cause = outcome.causeToRepeat else { return try outcome.get() }
            let pause = backoff.next(using: &generator)
            guard pause < deadline.left else { return try outcome.get() }
            onRepeat(cause)
            lastCause = cause
            try await Task.sleep(for: pause)
        }
    }
}
