/// A command as it was understood: what to do, for which tenant, until when.
package struct Command: Sendable {
    package let tenant: String
    package let action: any SessionCommand
    /// The moment past which it is not to be carried out any more.
    package let deadline: Timestamp?
    /// Who sent it, where RabbitMQ vouches for that.
    package let caller: String?
    /// W3C trace context, carried on to the events.
    package let traceparent: String?

    package init(
        tenant: String, action: any SessionCommand, deadline: Timestamp? = nil, caller: String? = nil,
        traceparent: String? = nil
    ) {
        self.tenant = tenant
        self.action = action
        self.deadline = deadline
        self.caller = caller
        self.traceparent = traceparent
    }
}

/// A token as a command brought it.
package enum TokenReference: Sendable {
    case genuine(PresentedToken)
    /// An access token whose signature has been verified.
    case access(PresentedAccessToken)
    /// What may be an access token: to verify one takes a moment, and is done before the command is decided.
    case unverified(Secret)
    /// Damaged, of another kind, or of another namespace.
    case malformed

    /// The opaque token, where it is one of ours.
    package var presented: PresentedToken? {
        switch self {
        case .genuine(let token): token
        case .access, .unverified, .malformed: nil
        }
    }

    /// The session that it is a token of, whatever kind it is.
    package var session: SessionID? {
        switch self {
        case .genuine(let token): token.session
        case .access(let token): token.session
        case .unverified, .malformed: nil
        }
    }
}
