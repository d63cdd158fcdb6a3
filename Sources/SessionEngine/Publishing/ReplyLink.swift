import AMQPNIO
import ConnectionSupport
import RedisNIO

/// A connection that carries replies and may be lost at any time, and when to try for the next.
struct ReplyLink {
    enum State {
        case absent
        case connecting
        /// There is to be no other before a pause is over.
        case pausing
        case open(AMQPConnection, AMQPChannel)
    }

    var state = State.absent
    var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))

    /// The channel, if it can be published on.
    var channel: AMQPChannel? {
        guard case .open(_, let channel) = state, channel.isOpen else { return nil }
        return channel
    }

    var connection: AMQPConnection? {
        guard case .open(let connection, _) = state else { return nil }
        return connection
    }
}
