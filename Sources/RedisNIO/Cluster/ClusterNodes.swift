import ConnectionSupport
import NIOCore

/// The connections to a cluster's nodes. Ends as a whole when one of them ends that is still needed.
///
/// Confined to its event loop.
final class ClusterNodes {
    /// - Parameter owns: whether the node serves a slot, as far as is known.
    typealias Opener = (_ node: RedisEndpoint, _ owns: @escaping @Sendable (Int) -> Bool) -> EventLoopFuture<
        RedisConnection
    >
    typealias Waiter = (Result<RedisConnection, RedisError>) -> Void

    private enum State {
        case open
        /// Closes when everything is answered.
        case draining
        case closed
    }

    let eventLoop: any EventLoop
    private var state = State.open
    private var connections: [RedisEndpoint: RedisConnection] = [:]
    private var opening: [RedisEndpoint: EventLoopFuture<RedisConnection>] = [:]
    private let open: Opener
    private let closePromise: EventLoopPromise<RedisError?>

    init(_ connections: [RedisConnection], on eventLoop: any EventLoop, open: @escaping Opener) {
        self.eventLoop = eventLoop
        self.open = open
        closePromise = eventLoop.makePromise()
        for connection in connections { add(connection) }
    }

    var closeFuture: EventLoopFuture<RedisError?> { closePromise.futureResult }
    var isOpen: Bool { if case .open = state { true } else { false } }
    var all: [RedisConnection] { Array(connections.values) }

    subscript(node: RedisEndpoint) -> RedisConnection? { connections[node] }

    /// Passes on the connection to a node, opening it where there is none, or an error that proves that nothing was sent.
    ///
    /// - Parameter deadline: until when to wait for it.
    func connection(
        to node: RedisEndpoint, owning slot: Int, until deadline: NIODeadline, _ waiter: @escaping Waiter
    ) {
        if let connection = connections[node] { return waiter(.success(connection)) }
        guard isOpen else { return waiter(.failure(RedisError(.notConnected, "the connection is closing"))) }
        guard connections.count + opening.count < SlotTable.maxMasters else {
            return waiter(.failure(RedisError(.connectFailed, "the cluster names too many nodes")))
        }
        let attempt = opening[node] ?? begin(node, owning: slot)
        var waiting: Waiter? = waiter
        let limit = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            waiting.take()?(.failure(RedisError(.connectFailed, "no connection to \(node) in time")))
        }
        attempt.assumeIsolated().whenComplete { result in
            limit.cancel()
            waiting.take()?(
                result.mapError { error in
                    error as? RedisError ?? RedisError(.connectFailed, "cannot connect to \(node)", underlying: error)
                })
        }
    }

    private func begin(_ node: RedisEndpoint, owning slot: Int) -> EventLoopFuture<RedisConnection> {
        let attempt = open(node) { $0 == slot }
        opening[node] = attempt
        attempt.assumeIsolated().whenComplete { result in
            self.opening[node] = nil
            if case .success(let connection) = result { self.add(connection) }
        }
        return attempt
    }

    private func add(_ connection: RedisConnection) {
        guard isOpen else { return connection.beginClosing() }
        connections[connection.endpoint] = connection
        connection.closeFuture.assumeIsolated().whenSuccess { self.ended(connection, because: $0) }
    }

    private func ended(_ connection: RedisConnection, because reason: RedisError?) {
        guard connections[connection.endpoint] === connection else { return }
        connections[connection.endpoint] = nil
        switch state {
        case .open:
            let why = reason ?? RedisError(.connectionClosed, "the connection was closed")
            end(because: RedisError(why.code, "\(why.message) (\(connection.endpoint))", underlying: why.underlying))
        case .draining:
            guard connections.isEmpty else { return }
            state = .closed
            closePromise.succeed(reason)
        case .closed: break
        }
    }

    /// Ends the whole, after the outstanding replies of the nodes that there are.
    func end(because reason: RedisError) {
        guard isOpen else { return }
        state = .closed
        for connection in connections.values { connection.beginClosing() }
        closePromise.succeed(reason)
    }

    /// Closes the connections that lead to no master any more, after their outstanding replies.
    func keepOnly(_ masters: [RedisEndpoint]) {
        let masters = Set(masters)
        for (node, connection) in connections where !masters.contains(node) {
            connections[node] = nil
            connection.beginClosing()
        }
    }

    /// Closes all connections in an orderly way.
    func close() {
        guard isOpen else { return }
        state = .draining
        if connections.isEmpty {
            state = .closed
            return closePromise.succeed(nil)
        }
        for connection in connections.values { connection.beginClosing() }
    }
}
