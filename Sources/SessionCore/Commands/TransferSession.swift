/// `session.transfer.begin`: issue a ticket that moves the session to another device.
package struct BeginTransfer: SentCommand {
    package static let traits = CommandTraits(
        "session.transfer.begin", work: .manage, changesState: true, level: .session)

    package var token: TokenReference
    /// Whether the original session stays alive alongside the new one.
    package var keepOriginal: Bool
    package var context: ClientContext?

    package init(token: TokenReference, keepOriginal: Bool = false, context: ClientContext? = nil) {
        self.token = token
        self.keepOriginal = keepOriginal
        self.context = context
    }

    package var about: CommandTarget { .token(token) }
    package var brings: Brought { Brought(context: context) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.beginTransfer(self, tenant: tenant, in: &transaction)
    }
}

/// `session.transfer.complete`: exchange a ticket for a new session.
package struct CompleteTransfer: SentCommand {
    package static let traits = CommandTraits(
        "session.transfer.complete", work: .manage, changesState: true, level: .session)

    package var ticket: TokenReference
    package var device: Device?
    package var context: ClientContext?

    package init(ticket: TokenReference, device: Device? = nil, context: ClientContext? = nil) {
        self.ticket = ticket
        self.device = device
        self.context = context
    }

    package var about: CommandTarget { .token(ticket) }
    package var brings: Brought { Brought(context: context, device: device) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.completeTransfer(self, tenant: tenant, in: &transaction)
    }
}
