/// What a client is doing, told to its observer at each change.
package enum ClientState<Failure: Error>: Sendable {
    /// It was not started yet.
    case idle
    case connecting
    case connected
    /// The last attempt failed or the connection ended, for this reason; the next attempt comes after that time.
    case disconnected(Failure, nextAttempt: Duration)
    /// For good.
    case shutDown
}
