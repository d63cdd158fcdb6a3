import NIOCore

/// The open connections to the admin address: a limited number that never keeps a new one out.
///
/// If new connections had to wait at the limit, a client that opens connections and sends nothing could block the
/// orchestrator's `/livez` probe, and the orchestrator would restart a healthy worker. So a new connection replaces the
/// one that has gone longest without a complete request; if all are being answered, the oldest.
///
/// Confined to its event loop, so it needs no lock.
final class AdminConnections {
    private let limit: Int
    /// Sorted by when each began waiting for a request, oldest first. Few enough for a linear search.
    private var connections: [AdminConnection] = []
    private(set) var isStopping = false

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { connections.count }

    func add(_ connection: AdminConnection) {
        if connections.count >= limit, let oldest = connections.first(where: \.isWaiting) ?? connections.first {
            remove(oldest)
            oldest.close()
        }
        connections.append(connection)
    }

    func remove(_ connection: AdminConnection) {
        connections.removeAll { $0 === connection }
    }

    /// Called once a connection has been answered: it waits for its next request from now on.
    func renew(_ connection: AdminConnection) {
        remove(connection)
        connections.append(connection)
    }

    /// Closes connections that wait for a request; those being answered close after the response.
    func stop() {
        isStopping = true
        for connection in connections where connection.isWaiting { connection.close() }
    }
}
