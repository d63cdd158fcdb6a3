/// `session.revoke`: end one session, those of a subject, or a tenant's by the thousand.
package struct RevokeSessions: Sendable {
    package var target: Target
    package var reason: EndReason
    /// Whether children end with their parents, or else move up to their grandparents.
    package var cascade: Bool

    package init(target: Target, reason: EndReason = .revoked, cascade: Bool = true) {
        self.target = target
        self.reason = reason
        self.cascade = cascade
    }

    package enum Target: Sendable {
        case token(TokenReference)
        /// `nil` is a text that cannot be any session's id.
        case session(SessionID?)
        case subject(ExactText, except: Exception?)
        /// All of the tenant's that are meant.
        case all(MassRevocation.Narrowing)

        var isSubject: Bool {
            switch self {
            case .subject: true
            case .token, .session, .all: false
            }
        }
    }

    /// The session to spare, usually the one the user is in.
    package enum Exception: Sendable {
        case token(TokenReference)
        case session(SessionID?)
    }
}
