/// `session.lock`: suspend one session and its children, or all sessions of a subject.
package struct LockSessions: SentCommand {
    package static let traits = CommandTraits("session.lock", work: .revoke, changesState: true)

    package var target: Target
    package var reason: EndReason?

    package init(target: Target, reason: EndReason? = nil) {
        self.target = target
        self.reason = reason
    }

    package enum Target: Sendable {
        /// `nil` if the text in the command cannot be a session id.
        case session(SessionID?)
        case subject(ExactText)

        var about: CommandTarget {
            switch self {
            case .session(let id): .session(id)
            case .subject(let name): .subject(name)
            }
        }
    }

    package var about: CommandTarget { target.about }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.lock(self, tenant: tenant, in: &transaction)
    }
}

/// `session.unlock`: resume what `session.lock` suspended.
package struct UnlockSessions: SentCommand {
    package static let traits = CommandTraits("session.unlock", work: .revoke, changesState: true)

    package var target: LockSessions.Target
    package var reason: EndReason?

    package init(target: LockSessions.Target, reason: EndReason? = nil) {
        self.target = target
        self.reason = reason
    }

    package var about: CommandTarget { target.about }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.unlock(self, tenant: tenant, in: &transaction)
    }
}
