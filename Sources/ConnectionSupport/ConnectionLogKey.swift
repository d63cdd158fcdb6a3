/// The metadata keys in log lines about connections, to either server.
package enum ConnectionLogKey {
    /// Host and port of a server; never a client's.
    package static let address = "address"
    /// When the next attempt is made, in milliseconds from now.
    package static let nextAttemptMs = "nextAttemptMs"
    /// The reason as a text, often the server's own words.
    package static let reason = "reason"
    /// The names of scripts.
    package static let scripts = "scripts"
}
