/// `session.get`: read one session.
package struct GetSession: SentCommand {
    package static let traits = CommandTraits("session.get", work: .validate, changesState: false)

    package var target: SessionTarget

    package init(_ target: SessionTarget) {
        self.target = target
    }

    package var about: CommandTarget { target.about }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.get(target, tenant: tenant, in: transaction)
    }
}

/// `session.list`: list the sessions of a subject.
package struct ListSessions: SentCommand {
    package static let traits = CommandTraits("session.list", work: .validate, changesState: false)
    /// The largest page.
    package static let maxLimit = 1000

    package var subject: ExactText
    package var includeEnded: Bool
    /// 1…1000.
    package var limit: Int
    /// Only sessions behind this position.
    package var after: ListPlace?

    package init(
        subject: ExactText, includeEnded: Bool = false, limit: Int = maxLimit, after: ListPlace? = nil
    ) {
        self.subject = subject
        self.includeEnded = includeEnded
        self.limit = limit
        self.after = after
    }

    package var about: CommandTarget { .subject(subject) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        manager.list(self, in: transaction)
    }
}

/// `session.activity`: read what happened in a session, newest first.
package struct ReadActivity: SentCommand {
    package static let traits = CommandTraits("session.activity", work: .validate, changesState: false)
    package static let defaultLimit = 50
    /// At most this many entries are stored per session.
    package static let maxLimit = 200

    /// `nil` if the text in the command cannot be a session id.
    package var session: SessionID?
    /// 1…200.
    package var limit: Int

    package init(session: SessionID?, limit: Int = defaultLimit) {
        self.session = session
        self.limit = limit
    }

    package var about: CommandTarget { .sessionWithActivity(session) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.activity(self, tenant: tenant, in: transaction)
    }
}
