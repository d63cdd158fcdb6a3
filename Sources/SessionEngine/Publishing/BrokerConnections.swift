import AMQPNIO

/// A lane's two connections: a broker under a memory alarm blocks those that publish, and consuming goes on apart.
struct BrokerConnections: Sendable {
    let consuming: AMQPConnection
    let publishing: AMQPConnection

    func beginClosing() {
        consuming.beginClosing()
        publishing.beginClosing()
    }
}
