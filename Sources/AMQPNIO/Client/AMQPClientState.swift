/// What an ``AMQPClient`` is doing, told to its observer at each change.
package enum AMQPClientState: Sendable, Equatable {
    /// ``AMQPClient/run()`` was not called yet.
    case idle
    case connecting
    case connected
    /// The last attempt failed or the connection ended, for this reason; the next attempt comes after that time.
    case disconnected(AMQPError, nextAttempt: Duration)
    /// For good.
    case shutDown
}
