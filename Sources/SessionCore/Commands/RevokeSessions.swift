/// `session.revoke`: end one session, a subject's sessions, or many of a tenant's at once.
package struct RevokeSessions: SentCommand {
    package static let traits = CommandTraits("session.revoke", work: .revoke, changesState: true)

    package var target: Target
    package var reason: EndReason
    /// Whether children end with their parent. Otherwise they move up to their grandparent.
    package var cascade: Bool

    package init(target: Target, reason: EndReason = .revoked, cascade: Bool = true) {
        self.target = target
        self.reason = reason
        self.cascade = cascade
    }

    package var about: CommandTarget { target.about }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.revoke(self, tenant: tenant, in: &transaction)
    }

    package enum Target: Sendable {
        case token(TokenReference)
        /// `nil` if the text in the command cannot be a session id.
        case session(SessionID?)
        case subject(ExactText, except: Exception?)
        /// All of the tenant's sessions that match.
        case all(MassRevocation.Narrowing)

        var about: CommandTarget {
            switch self {
            case .token(let token): .token(token)
            case .session(let id): .session(id)
            case .subject(let name, except: _): .subject(name)
            case .all: .revocations
            }
        }

        var isSubject: Bool {
            switch self {
            case .subject: true
            case .token, .session, .all: false
            }
        }
    }

    /// The session to spare, usually the user's current one.
    package enum Exception: Sendable {
        case token(TokenReference)
        case session(SessionID?)
    }
}
