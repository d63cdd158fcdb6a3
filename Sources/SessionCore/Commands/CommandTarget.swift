/// What a command is about. It decides which aggregate is loaded, and which subject and session rules of an extension see.
///
/// An id that is `nil` stands for a text that cannot be a session's id.
package enum CommandTarget: Sendable {
    /// A subject with all its sessions, by its name.
    case subject(ExactText)
    /// The same, by its handle: the sweep does not know names.
    case handle(SubjectHandle)
    /// One session, with all of its subject.
    case session(SessionID?)
    /// One session without the others of its subject. A rule that needs those throws `Stop.scopeTooNarrow`.
    case sessionAlone(SessionID?)
    /// One session, with all of its subject and its own activity log.
    case sessionWithActivity(SessionID?)
    /// The session of a token, with all of its subject.
    case token(TokenReference)
    /// The policies that tenants put.
    case policies
    /// The mass revocations that stand.
    case revocations
}

/// The one session that a command is about, as a command names it.
package enum SessionTarget: Sendable {
    case token(TokenReference)
    /// `nil` is a text that cannot be any session's id.
    case session(SessionID?)

    var about: CommandTarget {
        switch self {
        case .token(let token): .token(token)
        case .session(let id): .session(id)
        }
    }
}
