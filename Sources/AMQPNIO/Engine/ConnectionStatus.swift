import Synchronization

/// The state of a connection or channel that any thread can read without hopping to the event loop.
final class ConnectionStatus: Sendable {
    let isOpen = Atomic(false)
    let isBlocked = Atomic(false)
    /// What the broker calls itself; nil before the connection is open, and on a channel.
    let server = Mutex<AMQPServer?>(nil)
}
