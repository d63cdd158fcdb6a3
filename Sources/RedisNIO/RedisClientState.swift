/// The state of a ``RedisClient``, reported to its observer at each change.
package enum RedisClientState: Sendable {
    /// ``RedisClient/start()`` has not been called yet.
    case idle
    case connecting
    case connected
    /// The last attempt failed or the connection ended, for this reason; the next attempt follows after `nextAttempt`.
    case disconnected(RedisError, nextAttempt: Duration)
    /// Shut down for good.
    case shutDown
}
