/// `session.reauthenticate`: record that the user authenticated again, in a living session or in one that idled out.
package struct ReauthenticateSession: SentCommand {
    package static let traits = CommandTraits("session.reauthenticate", work: .manage, changesState: true)

    package var token: TokenReference
    package var authentication: Authentication
    package var context: ClientContext?

    package init(token: TokenReference, authentication: Authentication, context: ClientContext? = nil) {
        self.token = token
        self.authentication = authentication
        self.context = context
    }

    package var about: CommandTarget { .token(token) }
    package var brings: Brought { Brought(context: context, methods: authentication.methods) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.reauthenticate(self, tenant: tenant, in: &transaction)
    }
}
