/// The one session that a command is about.
package enum SessionTarget: Sendable {
    case token(TokenReference)
    /// `nil` is a text that cannot be any session's id.
    case session(SessionID?)
}
