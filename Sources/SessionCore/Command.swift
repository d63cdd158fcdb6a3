/// A command as it was understood: what to do, for which tenant, until when.
package struct Command: Sendable {
    package let tenant: String
    package let action: Action
    /// The moment past which it is not to be carried out any more.
    package let deadline: Timestamp?
    /// W3C trace context, carried on to the events.
    package let traceparent: String?

    package init(tenant: String, action: Action, deadline: Timestamp? = nil, traceparent: String? = nil) {
        self.tenant = tenant
        self.action = action
        self.deadline = deadline
        self.traceparent = traceparent
    }

    package enum Action: Sendable {
        case create(CreateSession)
        case validate(ValidateSession)
        case refresh(RefreshSession)
        case revoke(RevokeSessions)
        /// The reaper's own: a deadline of this session has come.
        case expire(SessionID)
    }
}

/// The commands that can be sent, by the names that are their routing keys.
package enum CommandName: String, Sendable, CaseIterable {
    case create = "session.create"
    case validate = "session.validate"
    case refresh = "session.refresh"
    case revoke = "session.revoke"

    /// Whether carrying it out is an effect that must not happen twice: then it needs a `message_id`, and its result
    /// is kept for duplicates.
    package var changesState: Bool {
        switch self {
        case .create, .refresh, .revoke: true
        case .validate: false
        }
    }
}

/// A token as a command brought it.
package enum TokenReference: Sendable {
    case genuine(PresentedToken)
    /// Damaged, of another kind, or of another namespace.
    case malformed
}
