import SessionCore

/// Which queues a reply may be put into (contract §2). A worker may write to every queue of its broker, so that a sender
/// who names one borrows that right.
package enum ReplyQueue {
    /// What a client consumes from and names for direct replies, which RabbitMQ makes an address of.
    package static let direct = "amq.rabbitmq.reply-to"
    private static let addressPrefix = direct + "."
    private static let brokerPrefix = "amq."

    /// Whether a name is one that only a connection is behind, and no queue.
    package static func isDirect(_ name: String) -> Bool {
        name.beginsExactly(with: addressPrefix) || name.isExactly(direct)
    }

    /// Whether a name is that of a queue which is Sojourn's own or RabbitMQ's, so that nobody may name it.
    ///
    /// - Parameter prefix: the namespace and a dot.
    package static func isReserved(_ name: String, prefix: String) -> Bool {
        name.beginsExactly(with: prefix) || (name.beginsExactly(with: brokerPrefix) && !isDirect(name))
    }
}
