package import SessionContract
package import SessionCore
package import SessionStorage

/// One command on its way through a worker, or what arrived in the place of one. A class, for what a copy would cost.
package final class Work: Sendable {
    package enum Content: Sendable {
        case command(Command)
        /// It could not be read; all there is to do is to say so.
        case unreadable(Failure)
        /// Its caller may not send it; nothing of what is stored decides that.
        case rejected(Rejection)
    }

    /// `nil` for an unknown command, and for the reaper's own.
    package let name: CommandName?
    package let content: Content
    /// What makes the command's effect a single one; `nil` where it changes nothing.
    package let message: MessageKey?
    /// What the result says it answers.
    package let commandID: String?
    /// Whether its queue has delivered it so often that it is not tried again.
    package let isGivenUp: Bool
    /// What its answer lacks.
    package let omissions: Omissions

    package init(
        name: CommandName?, content: Content, message: MessageKey? = nil, commandID: String? = nil,
        isGivenUp: Bool = false, omissions: Omissions = []
    ) {
        self.isGivenUp = isGivenUp
        self.omissions = omissions
        self.name = name
        self.content = content
        self.message = message
        self.commandID = commandID
    }
}
