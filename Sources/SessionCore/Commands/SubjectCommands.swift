/// `subject.disable` and `subject.enable`.
package struct SwitchSubject: Sendable {
    package var subject: ExactText
    package var reason: EndReason?

    package init(subject: ExactText, reason: EndReason? = nil) {
        self.subject = subject
        self.reason = reason
    }
}

/// `session.list`: the sessions of a subject.
package struct ListSessions: Sendable {
    /// The most that are told at once.
    package static let maxLimit = 1000

    package var subject: ExactText
    package var includeEnded: Bool
    /// 1…1000.
    package var limit: Int
    /// Only those behind this place.
    package var after: ListPlace?

    package init(
        subject: ExactText, includeEnded: Bool = false, limit: Int = maxLimit, after: ListPlace? = nil
    ) {
        self.subject = subject
        self.includeEnded = includeEnded
        self.limit = limit
        self.after = after
    }
}

/// `session.activity`: what happened in a session, newest first.
package struct ReadActivity: Sendable {
    package static let defaultLimit = 50
    /// The most entries that are kept of a session.
    package static let maxLimit = 200

    /// `nil` is a text that cannot be any session's id.
    package var session: SessionID?
    /// 1…200.
    package var limit: Int

    package init(session: SessionID?, limit: Int = defaultLimit) {
        self.session = session
        self.limit = limit
    }
}
