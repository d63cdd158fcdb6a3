/// The state of a client, reported to its observer at each change.
package enum ClientState<Failure: Error>: Sendable {
    /// Not started yet.
    case idle
    case connecting
    case connected
    /// The last attempt failed, or the connection ended, for this reason; the next attempt follows after this time.
    case disconnected(Failure, nextAttempt: Duration)
    /// Final.
    case shutDown
}
