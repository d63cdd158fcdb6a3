import AMQPNIO
import NIOCore

/// A reply that is not settled yet.
struct PendingReply: Sendable {
    let message: AMQPMessage
    /// When it is given up: the caller has long stopped waiting, and its command is not acknowledged before.
    let deadline: NIODeadline
    let batch: ReplyBatch

    var address: String { message.routingKey }
}

/// The replies of one batch of commands, which is acknowledged once all of them are settled.
///
/// `@unchecked Sendable` is right because it is confined to its publisher's event loop, where outcomes arrive, too.
final class ReplyBatch: @unchecked Sendable {
    private var unsettled: Int
    private var onSettled: (@Sendable () -> Void)?

    init(count: Int, onSettled: @escaping @Sendable () -> Void) {
        unsettled = count
        self.onSettled = onSettled
    }

    /// Settles this many replies, whether confirmed or lost.
    func settle(_ count: Int = 1) {
        unsettled -= count
        guard unsettled <= 0, let onSettled else { return }
        self.onSettled = nil
        onSettled()
    }

    /// Settles all of them.
    func abandon() {
        settle(unsettled)
    }
}
