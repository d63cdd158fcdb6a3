import NIOCore

/// The connections of the admin address: so many at most, and room for one more always.
///
/// A limit that has newcomers wait would let whoever opens connections and sends nothing keep the orchestrator from
/// `/livez`, which then restarts a worker that is well. So a newcomer takes the place of the one that has sent nothing whole
/// for longest; only where all of them are being answered, of the oldest of those.
///
/// Bound to its event loop: nothing here is locked.
final class AdminConnections {
    private let limit: Int
    /// The oldest first, by when its turn to send began. Few enough to be looked through.
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

    /// It has had an answer, and waits from now on.
    func renew(_ connection: AdminConnection) {
        remove(connection)
        connections.append(connection)
    }

    /// Ends those that wait for a request; those that are being answered end after it.
    func stop() {
        isStopping = true
        for connection in connections where connection.isWaiting { connection.close() }
    }
}
