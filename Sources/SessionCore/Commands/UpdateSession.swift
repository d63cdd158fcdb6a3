/// `session.update`: change a session's attributes, device or context.
package struct UpdateSession: SentCommand {
    package static let traits = CommandTraits("session.update", work: .manage, changesState: true)

    package var target: SessionTarget
    /// A merge patch (RFC 7396).
    package var attributes: JSONObject?
    package var device: Device?
    package var context: ClientContext?

    package init(
        target: SessionTarget, attributes: JSONObject? = nil, device: Device? = nil, context: ClientContext? = nil
    ) {
        self.target = target
        self.attributes = attributes
        self.device = device
        self.context = context
    }

    package var about: CommandTarget { target.about }
    package var brings: Brought { Brought(context: context, device: device, attributes: attributes) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.update(self, tenant: tenant, in: &transaction)
    }
}
