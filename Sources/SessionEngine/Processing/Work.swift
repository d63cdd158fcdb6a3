package import SessionContract
package import SessionCore
package import SessionStorage

/// A command to be processed, or what arrived instead of one. A class, because copying it would be expensive.
package final class Work: Sendable {
    package enum Content: Sendable {
        case command(Command)
        /// It could not be parsed, and can only be answered with this failure.
        case unreadable(Failure)
        /// Its caller may not send it. The stored state does not matter.
        case rejected(Rejection)
    }

    /// `nil` for an unknown command, and for the sweep's own.
    package let name: CommandName?
    package let content: Content
    /// Identifies the message, so that its effect happens only once; `nil` if it changes nothing.
    package let message: MessageKey?
    /// The id that the result refers to.
    package let commandID: String?
    /// Whether it was delivered so often that it is not tried again.
    package let isGivenUp: Bool
    /// What the answer must omit.
    package let omissions: Omissions
    /// What its results carry on.
    package let trace: TraceContext?

    package init(
        name: CommandName?, content: Content, message: MessageKey? = nil, commandID: String? = nil,
        isGivenUp: Bool = false, omissions: Omissions = [], trace: TraceContext? = nil
    ) {
        self.isGivenUp = isGivenUp
        self.omissions = omissions
        self.trace = trace
        self.name = name
        self.content = content
        self.message = message
        self.commandID = commandID
    }

    /// Whether it is a command that says that only a later version knows it.
    var needsLaterVersion: Bool {
        switch content {
        case .unreadable(let failure): failure.code == .unsupportedVersion
        case .command, .rejected: false
        }
    }
}
