import Synchronization

/// The order in which to ask several servers that should know the same. The one that helped is asked first next time.
final class AskingOrder: Sendable {
    private let order: Mutex<[RedisEndpoint]>

    init(_ endpoints: [RedisEndpoint]) {
        order = Mutex(endpoints)
    }

    var endpoints: [RedisEndpoint] { order.withLock { $0 } }

    /// Asks this one first next time.
    func prefer(_ endpoint: RedisEndpoint) {
        order.withLock { order in
            guard let index = order.firstIndex(of: endpoint) else { return }
            order.remove(at: index)
            order.insert(endpoint, at: 0)
        }
    }

    /// Asks this one last next time: its answer was of no use.
    func postpone(_ endpoint: RedisEndpoint) {
        order.withLock { order in
            guard let index = order.firstIndex(of: endpoint) else { return }
            order.append(order.remove(at: index))
        }
    }
}
