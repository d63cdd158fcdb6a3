package import ConnectionSupport
import Metrics
import Synchronization

/// Whether a part of the worker is connected to a server, and how often it had to connect again.
package final class ConnectionMetrics: Sendable {
    private let isUp: Gauge
    private let reconnects: Counter
    private let wasConnected = Atomic(false)

    /// - Parameters:
    ///   - server: `rabbitmq` or `redis`.
    ///   - part: a lane's name, or `sweep`.
    package init(to server: String, of part: String) {
        let dimensions = [("server", server), ("part", part)]
        isUp = Gauge(label: "sojourn_connection_up", dimensions: dimensions)
        reconnects = Counter(label: "sojourn_reconnects_total", dimensions: dimensions)
        isUp.record(0)
    }

    package func record(_ state: ClientState<some Error>) {
        switch state {
        case .connected:
            isUp.record(1)
            if wasConnected.exchange(true, ordering: .relaxed) { reconnects.increment() }
        case .idle, .connecting, .disconnected, .shutDown: isUp.record(0)
        }
    }
}
