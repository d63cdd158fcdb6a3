/// What a command is about. The aggregate to load follows from it, and what rules of an extension are told of it.
///
/// An id that is `nil` is a text that cannot be any session's id.
package enum CommandTarget: Sendable {
    /// Everything that is known of a subject, by its name.
    case subject(ExactText)
    /// The same, by its handle: the sweep knows no names.
    case handle(SubjectHandle)
    /// One session, among all of its subject.
    case session(SessionID?)
    /// One session, without the others of its subject as long as its rule does not ask for them.
    case sessionAlone(SessionID?)
    /// One session, among all of its subject, with its activity log.
    case sessionWithActivity(SessionID?)
    /// The session that a token is of, among all of its subject.
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
