/// `session.reauthenticate`: the user has authenticated anew, in a session that goes on or that idled out.
package struct ReauthenticateSession: Sendable {
    package var token: TokenReference
    package var authentication: Authentication
    package var context: ClientContext?

    package init(token: TokenReference, authentication: Authentication, context: ClientContext? = nil) {
        self.token = token
        self.authentication = authentication
        self.context = context
    }
}
