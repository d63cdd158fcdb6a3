import Synchronization

/// What may be asked of a connection or channel from any thread without hopping to its event loop.
final class ConnectionStatus: Sendable {
    let isOpen = Atomic(false)
    let isBlocked = Atomic(false)
}
