import NIOCore
import Synchronization

/// One attempt of an ``AMQPClient`` to connect. What is connected in it belongs together: when one connection ends, all do.
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
    /// - Parameter name: what the broker's tools show for the connection.
    /// - Throws: the error of the last broker, if none can be reached; `connectionClosed` once the attempt is given up.
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

    /// Closes all connections, those too that are still to come.
    func beginClosing() {
        let connections = state.withLock { state in
            state.isClosing = true
            return state.connections
        }
        for connection in connections { connection.beginClosing() }
    }

    /// Closes all connections, and returns when they are closed.
    func close() async {
        beginClosing()
        for connection in state.withLock(\.connections) { await connection.closed() }
    }

    /// Calls back on the event loop as soon as a connection has ended, once for each.
    func whenLost(_ onLost: @escaping @Sendable () -> Void) {
        for connection in state.withLock(\.connections) { connection.closeFuture.whenComplete { _ in onLost() } }
    }

    /// Waits until one of the connections has ended, closes the others, and returns why that one ended.
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
    static let connectionWasClosed = AMQPError(.connectionClosed, "the connection was closed by this side")
}
