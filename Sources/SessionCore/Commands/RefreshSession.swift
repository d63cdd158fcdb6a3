/// `session.refresh`: exchange a refresh token for its successor.
package struct RefreshSession: SentCommand {
    package static let traits = CommandTraits("session.refresh", work: .manage, changesState: true, level: .session)

    package var refreshToken: TokenReference
    package var context: ClientContext?

    package init(refreshToken: TokenReference, context: ClientContext? = nil) {
        self.refreshToken = refreshToken
        self.context = context
    }

    package var about: CommandTarget { .token(refreshToken) }
    package var brings: Brought { Brought(context: context) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.refresh(self, tenant: tenant, in: &transaction)
    }
}
