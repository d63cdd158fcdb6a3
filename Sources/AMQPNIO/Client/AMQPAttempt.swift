import NIOCore
import Synchronization

/// One attempt of an ``AMQPClient`` to connect. Its connections belong together: when one ends, all end.
package final class AMQPAttempt: Sendable {
    private struct State {
        var connections: [AMQPConnection] = []
        var isClosing = false
    }

    private let connector: BrokerConnector
    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    init(_ connector: BrokerConnector, on eventLoop: any EventLoop) {
        self.connector = connector
        self.eventLoop = eventLoop
    }

    /// Connects to the first broker that answers.
    ///
    /// - Parameter name: the connection's name in the broker's tools.
    /// - Throws: the last broker's error, if none can be reached; `connectionClosed` after the attempt was given up.
    package func connect(name: String) async throws(AMQPError) -> AMQPConnection {
        let connection = try await connector.connect(name: name, on: eventLoop)
        let isClosing = state.withLock { state in
            state.connections.append(connection)
            return state.isClosing
        }
        guard !isClosing else {
            connection.beginClosing()
            throw .attemptWasGivenUp
        }
        return connection
    }

    /// Closes all connections, including those not yet established.
    func beginClosing() {
        let connections = state.withLock { state in
            state.isClosing = true
            return state.connections
        }
        for connection in connections { connection.beginClosing() }
    }

    /// Closes all connections, and returns once they are closed.
    func close() async {
        beginClosing()
        for connection in state.withLock(\.connections) { await connection.closed() }
    }

    /// Calls back on the event loop each time a connection ends.
    func whenLost(_ onLost: @escaping @Sendable () -> Void) {
        for connection in state.withLock(\.connections) { connection.closeFuture.whenComplete { _ in onLost() } }
    }

    /// Waits until one of the connections ends, closes the others, and returns the reason.
    func lost() async -> AMQPError {
        let connections = state.withLock(\.connections)
        return await withTaskGroup(of: AMQPError?.self) { group in
            for connection in connections { group.addTask { await connection.closed() } }
            let reason = await group.next() ?? nil
            beginClosing()
            return reason ?? .connectionWasClosed
        }
    }
}

extension AMQPError {
    static let attemptWasGivenUp = AMQPError(.connectionClosed, "connecting was given up")
    static let connectionWasClosed = AMQPError(.connectionClosed, "the connection was closed by the client")
}
