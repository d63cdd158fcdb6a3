package import SessionContract
package import SessionCore
package import SessionStore

/// One command on its way through a worker, or what arrived in the place of one. A class, for what a copy would cost.
package final class Work: Sendable {
    package enum Content: Sendable {
        case command(Command)
        /// It could not be read; all there is to do is to say so.
        case unreadable(Failure)
        /// Its caller may not send it; nothing of what is stored decides that.
        case refused(Rejection)
    }

    /// `nil` for an unknown command, and for the reaper's own.
    package let name: CommandName?
    package let content: Content
    /// What makes the command's effect a single one; `nil` where it changes nothing.
    package let message: MessageKey?
    /// What the result says it answers.
    package let commandID: String?
    /// Whether it was delivered so often that it is not tried again. What an earlier delivery came to still holds.
    package let isGivenUp: Bool

    package init(
        name: CommandName?, content: Content, message: MessageKey? = nil, commandID: String? = nil,
        isGivenUp: Bool = false
    ) {
        self.isGivenUp = isGivenUp
        self.name = name
        self.content = content
        self.message = message
        self.commandID = commandID
    }
}

/// What became of one `Work`.
package struct Completion: Sendable {
    package struct PendingEvent: Sendable {
        package let event: OutgoingEvent
        /// To be cleared from the outbox once the event is published.
        package let reference: OutboxEntry.Reference
    }

    /// When, by the store's clock.
    package let at: Timestamp
    package let result: WrittenResult
    /// The AMQP `message_id` of the result.
    package let resultID: String
    /// `nil` unless the command failed.
    package let failure: Failure?
    /// The code of a rejection or failure that was decided here.
    package var code: String?
    /// What this command made happen. Those of a duplicate's first delivery are the relay's.
    package var events: [PendingEvent] = []
    /// Whether the command had been carried out before, and this is its first result again.
    package var isDuplicate = false
}
