/// The headers that a message gets in quarantine (contract §5). A sender's own of these names are dropped: nobody shall say
/// in our name what was wrong, or who it was.
package enum QuarantineHeader {
    private static let prefix = "x-sojourn-"

    /// The name of the message there, to find it by.
    package static let id = prefix + "id"
    /// The error code.
    package static let reason = prefix + "reason"
    /// A sentence on what was wrong.
    package static let error = prefix + "error"
    /// When it was put there, RFC 3339.
    package static let at = prefix + "at"
    /// How often it was tried.
    package static let attempts = prefix + "attempts"
    /// The queue that it came from.
    package static let queue = prefix + "queue"
    /// The body's size as sent, in bytes, where it is not whole.
    package static let truncated = prefix + "truncated"
    /// What would have an effect of its own if it were published again, or finds no room in its place once it is sealed:
    /// each under its AMQP name, such as `x-sojourn-user-id`.
    package static func moved(_ name: String) -> String {
        prefix + String(name.map { $0 == "_" ? "-" : $0 }).lowercased()
    }

    package static func isOurs(_ name: String) -> Bool {
        name.utf8.starts(with: prefix.utf8)
    }
}
