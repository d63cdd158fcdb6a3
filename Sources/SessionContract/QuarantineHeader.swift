/// The headers that a message gets in quarantine (contract §5). Headers with these names from the sender are dropped,
/// so that no sender can forge what was wrong, or who sent it.
package enum QuarantineHeader {
    private static let prefix = "x-sojourn-"

    /// The id of the quarantined message, by which it can be found.
    package static let id = prefix + "id"
    /// The error code.
    package static let reason = prefix + "reason"
    /// A sentence that says what was wrong.
    package static let error = prefix + "error"
    /// When it was quarantined, RFC 3339.
    package static let at = prefix + "at"
    /// How many attempts were made.
    package static let attempts = prefix + "attempts"
    /// The queue that it came from.
    package static let queue = prefix + "queue"
    /// When the worker that quarantined it received it, RFC 3339.
    package static let receivedAt = prefix + "received-at"
    /// The version of the worker that quarantined it.
    package static let worker = prefix + "worker"
    /// Its routing key, if it could not go through the exchange.
    package static let routingKey = prefix + "routing-key"
    /// The size of the original body in bytes, if it was truncated.
    package static let truncated = prefix + "truncated"
    /// For a property that would take effect if the message were published again, or that does not fit in its place
    /// once it is sealed. Named after its AMQP name, such as `x-sojourn-user-id`.
    package static func moved(_ name: String) -> String {
        prefix + String(name.map { $0 == "_" ? "-" : $0 }).lowercased()
    }

    package static func isOurs(_ name: String) -> Bool {
        name.utf8.starts(with: prefix.utf8)
    }
}
