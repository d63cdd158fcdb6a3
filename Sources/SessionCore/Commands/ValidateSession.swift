/// `session.validate`: check whether a token is valid, and sufficient for what the caller is about to do.
package struct ValidateSession: SentCommand {
    package static let traits = CommandTraits("session.validate", work: .validate, changesState: false, level: .decides)

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

    package var about: CommandTarget { .sessionAlone(token.session) }
    package var brings: Brought { Brought(context: context) }

    package var unverifiedToken: Secret? {
        switch token {
        case .unverified(let token): token
        case .genuine, .access, .malformed: nil
        }
    }

    package mutating func take(verified token: TokenReference) {
        self.token = token
    }

    package mutating func require(level: Int) {
        requirement.level = max(requirement.level ?? 1, level)
    }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.validate(self, tenant: tenant, in: &transaction)
    }

    /// The minimum for what the caller is about to do.
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
