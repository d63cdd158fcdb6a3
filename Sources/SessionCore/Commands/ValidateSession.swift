/// `session.validate`: is this token good, now and for this?
package struct ValidateSession: Sendable {
    package var token: TokenReference
    package var context: ClientContext?
    package var requirement: Requirement
    /// Whether this counts as activity.
    package var touch: Bool

    package init(
        token: TokenReference, context: ClientContext? = nil, requirement: Requirement = Requirement(),
        touch: Bool = true
    ) {
        self.token = token
        self.context = context
        self.requirement = requirement
        self.touch = touch
    }

    /// What the caller is about to do needs at least this.
    package struct Requirement: Sendable {
        /// 1…3.
        package var level: Int?
        package var maxAuthenticationAgeSeconds: Int?

        package init(level: Int? = nil, maxAuthenticationAgeSeconds: Int? = nil) {
            self.level = level
            self.maxAuthenticationAgeSeconds = maxAuthenticationAgeSeconds
        }
    }
}
