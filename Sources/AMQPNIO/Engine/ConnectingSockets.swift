import NIOCore
import Synchronization

/// The sockets of a connection attempt, one for each address of the host. Closing them cancels the attempt.
final class ConnectingSockets: Sendable {
    private struct State {
        var channels: [any Channel] = []
        var areClosed = false
    }

    private let state = Mutex(State())

    var areClosed: Bool { state.withLock(\.areClosed) }

    /// - Throws: `connectionClosed` if they have been closed.
    func add(_ channel: any Channel) throws(AMQPError) {
        let isTooLate = state.withLock { state in
            if !state.areClosed { state.channels.append(channel) }
            return state.areClosed
        }
        if isTooLate { throw .connectingWasCancelled }
    }

    func close() {
        let channels = state.withLock { state in
            state.areClosed = true
            return state.channels
        }
        for channel in channels { channel.close(promise: nil) }
    }
}

extension AMQPError {
    static let connectingWasCancelled = AMQPError(.connectionClosed, "connecting was cancelled")
}
