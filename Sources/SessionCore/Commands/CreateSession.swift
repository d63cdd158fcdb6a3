/// `session.create`: begin a session.
package struct CreateSession: SentCommand {
    package static let traits = CommandTraits("session.create", work: .manage, changesState: true, level: .decides)

    /// 1–256 characters.
    package var subject: ExactText
    package var policy: ExactText
    package var device: Device?
    package var context: ClientContext?
    package var authentication: Authentication?
    package var factor: FactorProof?
    package var parent: Parent?
    package var actor: ExactText?
    package var attributes: JSONObject
    /// In seconds; at most the policy's idle lifetime.
    package var idleSeconds: Int?
    /// In seconds; at most the policy's absolute lifetime.
    package var absoluteSeconds: Int?
    /// The level that an extension's rule requires, 1…3. Below it, the session begins pending.
    package var requiredLevel: Int

    /// The parent of the new session; its id is `nil` if the text in the command cannot be a session id.
    package struct Parent: Sendable {
        package let id: SessionID?

        package init(id: SessionID?) {
            self.id = id
        }
    }

    package var about: CommandTarget { .subject(subject) }
    package var brings: Brought {
        Brought(
            policy: policy, context: context, device: device, methods: authentication?.methods ?? [], factor: factor,
            attributes: attributes)
    }

    package mutating func require(level: Int) {
        requiredLevel = level
    }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.create(self, tenant: tenant, in: &transaction)
    }
}

// In an extension, so that it can use the memberwise initialiser. One that sets each property copies the command at its
// end: 30 atomic operations.
extension CreateSession {
    package init(
        subject: ExactText, policy: ExactText = SessionPolicy.defaultName, device: Device? = nil,
        context: ClientContext? = nil, authentication: Authentication? = nil, factor: FactorProof? = nil,
        parent: Parent? = nil, actor: ExactText? = nil, attributes: JSONObject = [:], idleSeconds: Int? = nil,
        absoluteSeconds: Int? = nil
    ) {
        self.init(
            subject: subject, policy: policy, device: device, context: context, authentication: authentication,
            factor: factor, parent: parent, actor: actor, attributes: attributes, idleSeconds: idleSeconds,
            absoluteSeconds: absoluteSeconds, requiredLevel: 1)
    }
}
