package import Metrics
import Synchronization

/// How long RabbitMQ has blocked publishing by this worker (a memory or disk alarm).
package final class BlockedTime: Sendable {
    private struct State {
        var connections = 0
        /// Up to when blocked time is counted; nil while no connection is blocked.
        var countedUntil: ContinuousClock.Instant?
    }

    private let blockedConnections: Gauge
    private let seconds: FloatingPointCounter
    private let state = Mutex(State())
    private let clock: @Sendable () -> ContinuousClock.Instant

    package init(
        factory: any MetricsFactory = MetricsSystem.factory,
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.clock = clock
        blockedConnections = Gauge(label: "sojourn_blocked_connections", factory: factory)
        seconds = FloatingPointCounter(label: "sojourn_blocked_seconds_total", factory: factory)
        blockedConnections.record(0)
    }

    /// A connection was blocked, or is not blocked any more.
    package func change(_ isBlocked: Bool) {
        state.withLock { state in
            count(&state)
            state.connections += isBlocked ? 1 : -1
            if state.connections == 0 { state.countedUntil = nil } else { state.countedUntil = clock() }
            blockedConnections.record(state.connections)
        }
    }

    /// Counts a block that still lasts.
    package func advance() {
        state.withLock { count(&$0) }
    }

    private func count(_ state: inout State) {
        guard let last = state.countedUntil else { return }
        let now = clock()
        seconds.increment(by: (now - last) / .seconds(1))
        state.countedUntil = now
    }
}
