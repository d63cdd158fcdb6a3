/// A command after parsing: what to do, for which tenant, and until when.
package struct Command: Sendable {
    package let tenant: String
    package let action: any SessionCommand
    /// After this moment the command must not be executed.
    package let deadline: Timestamp?
    /// The sender, if RabbitMQ authenticated it (`user-id`).
    package let caller: String?
    /// W3C trace context, copied to the events.
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

/// A token as it arrived in a command.
package enum TokenReference: Sendable {
    case genuine(PresentedToken)
    /// An access token whose signature has been verified.
    case access(PresentedAccessToken)
    /// Possibly an access token. Verifying the signature is asynchronous, so it happens before the decision.
    case unverified(Secret)
    /// Damaged, of another kind, or from another namespace.
    case malformed

    /// The opaque token, if it was issued by this namespace.
    package var presented: PresentedToken? {
        switch self {
        case .genuine(let token): token
        case .access, .unverified, .malformed: nil
        }
    }

    /// The session that the token belongs to, whatever kind it is.
    package var session: SessionID? {
        switch self {
        case .genuine(let token): token.session
        case .access(let token): token.session
        case .unverified, .malformed: nil
        }
    }
}
