import SessionCore

/// Which queues a reply may be sent to (contract §2). A worker may write to every queue of its broker, so a sender who
/// names a queue borrows that right.
package enum ReplyQueue {
    /// The pseudo-queue that a client consumes from and names for direct replies. RabbitMQ turns it into an address.
    package static let direct = "amq.rabbitmq.reply-to"
    private static let addressPrefix = direct + "."
    private static let brokerPrefix = "amq."

    /// Whether a name stands for a connection rather than a queue.
    package static func isDirect(_ name: String) -> Bool {
        name.beginsExactly(with: addressPrefix) || name.isExactly(direct)
    }

    /// Whether a name is reserved for queues of Sojourn or RabbitMQ, so that no sender may name it.
    ///
    /// - Parameter prefix: the namespace and a dot.
    package static func isReserved(_ name: String, prefix: String) -> Bool {
        name.beginsExactly(with: prefix) || (name.beginsExactly(with: brokerPrefix) && !isDirect(name))
    }
}
