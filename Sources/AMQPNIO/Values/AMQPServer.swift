/// What a broker calls itself when a connection begins (AMQP 0-9-1, `connection.start`, `server-properties`).
package struct AMQPServer: Hashable, Sendable {
    /// `RabbitMQ`; empty if it does not say.
    package let product: String
    /// Such as `3.10.8`; empty if it does not say.
    package let version: String

    init(_ properties: AMQPTable?) {
        product = properties?["product"]?.string ?? ""
        version = properties?["version"]?.string ?? ""
    }
}
