package import AMQPNIO
package import SessionStorage

/// Everything that is published for a batch of commands.
package struct OutgoingBatch {
    /// What a message is, and so what is to be done where it is refused.
    package enum Kind {
        /// A result's copy for everybody.
        case copy
        /// An event, to be cleared from the outbox once it is published.
        case event(OutboxEntry.Reference)
        /// What nobody could read or carry out.
        case quarantine
    }

    /// What has to be confirmed before the commands are acknowledged, and beside it what each is.
    package private(set) var messages: [AMQPMessage] = []
    package private(set) var kinds: [Kind] = []
    /// What is for who asked, whose queue is their own.
    private(set) var replies: [AMQPMessage] = []
    /// The events that are published by this.
    private(set) var references: [OutboxEntry.Reference] = []
    /// What the messages take up until they are confirmed, in bytes: as they are here, and once more as they are written.
    private(set) var heldBytes = 0

    mutating func reserve(_ count: Int) {
        messages.reserveCapacity(count)
        kinds.reserveCapacity(count)
        replies.reserveCapacity(count)
    }

    package init() {}

    package mutating func append(_ message: AMQPMessage, _ kind: Kind) {
        messages.append(message)
        kinds.append(kind)
        heldBytes += 2 * message.body.count
        if case .event(let reference) = kind { references.append(reference) }
    }

    mutating func append(reply: AMQPMessage) {
        replies.append(reply)
        heldBytes += 2 * reply.body.count
    }
}
