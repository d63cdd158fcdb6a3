/// `session.lock` and `session.unlock`: one session with its children, or all of a subject.
package struct LockSessions: Sendable {
    package var target: Target
    package var reason: EndReason?

    package init(target: Target, reason: EndReason? = nil) {
        self.target = target
        self.reason = reason
    }

    package enum Target: Sendable {
        /// `nil` is a text that cannot be any session's id.
        case session(SessionID?)
        case subject(ExactText)
    }
}
