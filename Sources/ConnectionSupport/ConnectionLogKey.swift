/// The metadata keys that the log lines of connections have, to whichever server.
package enum ConnectionLogKey {
    /// Host and port of a server; never a client's.
    package static let address = "address"
    /// When the next attempt is made, in milliseconds from now.
    package static let nextAttemptMs = "nextAttemptMs"
    /// Why, in words, often the server's own.
    package static let reason = "reason"
    /// Names of scripts.
    package static let scripts = "scripts"
}
