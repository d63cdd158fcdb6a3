/// What a benchmark sends, and measures by itself.
package enum MeasuredCommand: String, CaseIterable, Sendable {
    case validate = "session.validate"
    case create = "session.create"
    case refresh = "session.refresh"
    case revoke = "session.revoke"
    case get = "session.get"
    case list = "session.list"
    case activity = "session.activity"
    /// Not a command of Sojourn: a message that the benchmark sends to itself through the same broker.
    case echo

    /// Whether the command needs a `message_id`, and is persistent, as the contract advises (§2).
    var changesState: Bool {
        switch self {
        case .create, .refresh, .revoke: true
        case .validate, .get, .list, .activity, .echo: false
        }
    }

    /// How the command uses one of the benchmark's sessions.
    var use: SessionUse {
        switch self {
        case .create, .echo: .none
        case .validate, .get, .list, .activity: .shared
        // A second refresh with the same token would be a retry, or theft.
        case .refresh, .revoke: .exclusive
        }
    }

    enum SessionUse {
        case none
        /// Any number of commands may use the session at a time.
        case shared
        /// No other command may use the session meanwhile.
        case exclusive
    }
}
