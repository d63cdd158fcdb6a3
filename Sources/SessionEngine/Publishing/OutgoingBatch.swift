package import AMQPNIO
package import SessionStorage

/// Everything published for a batch of commands.
package struct OutgoingBatch {
    /// What a message is, and so what happens if it is refused.
    package enum Kind {
        /// The public copy of a result.
        case copy
        /// An event, to be cleared from the outbox once it is published.
        case event(OutboxEntry.Reference)
        /// A command that could not be parsed or executed, and the queue where it is kept.
        case quarantine(queue: String)
    }

    /// The messages that must be confirmed before the commands are acknowledged, and the kind of each.
    package private(set) var messages: [AMQPMessage] = []
    package private(set) var kinds: [Kind] = []
    /// The replies to callers, in their own queues.
    private(set) var replies: [AMQPMessage] = []
    /// What the audit log must hold before anything is published.
    private(set) var records: [AuditRecord] = []
    /// The events published by this batch.
    private(set) var references: [OutboxEntry.Reference] = []
    /// Memory used until the messages are confirmed, in bytes: the messages, and their copy in the write buffer.
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

    mutating func append(record: AuditRecord) {
        records.append(record)
        heldBytes += 2 * record.json.count
    }

    mutating func append(reply: AMQPMessage) {
        replies.append(reply)
        heldBytes += 2 * reply.body.count
    }
}
