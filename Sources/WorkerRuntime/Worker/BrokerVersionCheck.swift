import AMQPNIO

/// Checks that RabbitMQ dead-letters from quorum queues at least once, since 3.10. An older one accepts
/// `x-dead-letter-strategy` without a word, and may lose a message on its way to the quarantine.
enum BrokerVersionCheck {
    private static let product = "RabbitMQ"
    private static let least = ServerVersion(major: 3, minor: 10)

    static func result(_ configuration: WorkerConfiguration, on server: AMQPServer?) -> CheckResult {
        guard let server, server.product == product, let version = ServerVersion(server.version) else {
            return .doubtful(
                "could not check the version of RabbitMQ: it must be \(least) or later",
                reason: "the server does not say that it is RabbitMQ, and of which version")
        }
        guard version.isOlder(than: least) else { return .fine("RabbitMQ has version \(version)") }
        return .wrong(
            ConfigurationError(
                .oldServer, configuration.name(of: .amqpUrl), "is a RabbitMQ of version \(version)",
                remedy: "upgrade it to \(least) or later"))
    }
}
