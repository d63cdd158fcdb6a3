import AMQPNIO
import ConnectionSupport

/// The sweeper's health, for `/readyz`. Without the sweeper no session expires and no event of a crashed worker is
/// published, and nothing else would reveal that.
package struct SweeperHealth: Sendable {
    /// Its name in `/readyz`.
    private static let component = "sweeper"

    /// Its number among those that share the broker's health.
    private let number: Int
    private let broker: SharedHealth
    private let state: HealthState
    private let connection = ConnectionMetrics(to: "rabbitmq", of: "sweep")

    package init(number: Int, broker: SharedHealth, state: HealthState) {
        self.number = number
        self.broker = broker
        self.state = state
    }

    /// It has swept all partitions that had work.
    func markSwept() {
        state.set(component: Self.component, .up)
    }

    /// Its connection to RabbitMQ, or something else that it needs, was established or lost.
    func set(_ client: AMQPClientState) {
        connection.record(client)
        switch client {
        case .idle, .connecting: break
        case .connected: broker.markUp(number)
        case .disconnected(let error, nextAttempt: _):
            if error is AMQPError {
                broker.markDown(number, because: "\(error)")
            } else {
                state.set(component: Self.component, .down(reason: "\(error)"))
            }
        case .shutDown: state.set(component: Self.component, .down(reason: "stopped"))
        }
    }
}
