/// What a command is about. It determines which aggregate is loaded, and which subject and session an extension's rules
/// see.
///
/// An id is `nil` if the text in the command cannot be a session id.
package enum CommandTarget: Sendable {
    /// A subject, by name, with all its sessions.
    case subject(ExactText)
    /// A subject, by handle, with all its sessions: the sweep does not know names.
    case handle(SubjectHandle)
    /// One session, with everything else of its subject.
    case session(SessionID?)
    /// One session, without the subject's other sessions. A rule that needs those throws `Stop.scopeTooNarrow`.
    case sessionAlone(SessionID?)
    /// One session, with everything else of its subject, and its activity log.
    case sessionWithActivity(SessionID?)
    /// The session of a token, with everything else of its subject.
    case token(TokenReference)
    /// The policies set with `policy.put`.
    case policies
    /// The active mass revocations.
    case revocations
}

/// How a command names the one session it is about.
package enum SessionTarget: Sendable {
    case token(TokenReference)
    /// `nil` if the text in the command cannot be a session id.
    case session(SessionID?)

    var about: CommandTarget {
        switch self {
        case .token(let token): .token(token)
        case .session(let id): .session(id)
        }
    }
}
