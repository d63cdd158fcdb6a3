package import AMQPNIO
package import NIOCore

/// A reply that is not settled yet.
package struct PendingReply: Sendable {
    package let message: AMQPMessage
    /// When it is given up: the caller has long stopped waiting, and its command is not acknowledged before.
    package let deadline: NIODeadline
    package let batch: ReplyBatch

    package var address: String { message.routingKey }

    package init(message: AMQPMessage, deadline: NIODeadline, batch: ReplyBatch) {
        self.message = message
        self.deadline = deadline
        self.batch = batch
    }
}

/// The replies of one batch of commands, which is acknowledged once all of them are settled.
///
/// `@unchecked Sendable` is right because it is confined to its publisher's event loop, where outcomes arrive, too.
package final class ReplyBatch: @unchecked Sendable {
    private var unsettled: Int
    private var onSettled: (@Sendable () -> Void)?

    package init(count: Int, onSettled: @escaping @Sendable () -> Void) {
        unsettled = count
        self.onSettled = onSettled
    }

    /// Settles this many replies, whether confirmed or lost.
    package func settle(_ count: Int = 1) {
        unsettled -= count
        guard unsettled <= 0, let onSettled else { return }
        self.onSettled = nil
        onSettled()
    }

    /// Settles all of them.
    package func abandon() {
        settle(unsettled)
    }
}
