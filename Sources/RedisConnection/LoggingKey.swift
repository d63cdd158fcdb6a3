/// The metadata keys of this module's log lines.
enum LoggingKey {
    /// `host:port` of the server.
    static let address = "redis.address"
    static let reason = "reason"
    /// The time until the next attempt, in milliseconds, with the unit.
    static let retryIn = "retry_in"
    static let scripts = "redis.scripts"
}
