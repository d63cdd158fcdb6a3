/// `session.refresh`: exchange a refresh token for its successor.
package struct RefreshSession: Sendable {
    package var refreshToken: TokenReference
    package var context: ClientContext?

    package init(refreshToken: TokenReference, context: ClientContext? = nil) {
        self.refreshToken = refreshToken
        self.context = context
    }
}
