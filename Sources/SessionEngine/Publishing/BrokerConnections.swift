import AMQPNIO

/// A lane's two connections: a broker under a resource alarm blocks the one that publishes, while consuming continues.
struct BrokerConnections: Sendable {
    let consuming: AMQPConnection
    let publishing: AMQPConnection

    func beginClosing() {
        consuming.beginClosing()
        publishing.beginClosing()
    }
}
