/// `session.transfer.begin`: make a ticket that moves the session to another device.
package struct BeginTransfer: Sendable {
    package var token: TokenReference
    /// Whether the session stays where it is beside the new one.
    package var keepOriginal: Bool
    package var context: ClientContext?

    package init(token: TokenReference, keepOriginal: Bool = false, context: ClientContext? = nil) {
        self.token = token
        self.keepOriginal = keepOriginal
        self.context = context
    }
}

/// `session.transfer.complete`: exchange a ticket for the session's successor.
package struct CompleteTransfer: Sendable {
    package var ticket: TokenReference
    package var device: Device?
    package var context: ClientContext?

    package init(ticket: TokenReference, device: Device? = nil, context: ClientContext? = nil) {
        self.ticket = ticket
        self.device = device
        self.context = context
    }
}
