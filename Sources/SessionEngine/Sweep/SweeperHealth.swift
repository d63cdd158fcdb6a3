/// How the sweeper is, for `/readyz`: without it no session expires and no event of a crashed worker is published, which
/// nobody else would notice.
package struct SweeperHealth: Sendable {
    /// What `/readyz` calls it.
    private static let component = "sweeper"

    /// Among those that share the broker's health.
    private let number: Int
    private let broker: SharedHealth
    private let state: HealthState

    package init(number: Int, broker: SharedHealth, state: HealthState) {
        self.number = number
        self.broker = broker
        self.state = state
    }

    func hasBroker() {
        broker.isUp(number)
    }

    /// It has been through all partitions that had something to do.
    func hasSwept() {
        state.set(component: Self.component, .up)
    }

    /// - Parameter isBroker: whether it is RabbitMQ that is missing.
    func isDown(because reason: String, isBroker: Bool = false) {
        if isBroker {
            broker.isDown(number, because: reason)
        } else {
            state.set(component: Self.component, .down(reason: reason))
        }
    }
}
