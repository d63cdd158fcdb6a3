import AMQPNIO
import LogMetadata
import Logging

/// Checks that RabbitMQ dead-letters from quorum queues at least once, since 3.10. An older one accepts
/// `x-dead-letter-strategy` without a word, and may lose a message on its way to the quarantine.
struct BrokerVersionCheck: Sendable {
    private static let product = "RabbitMQ"
    private static let least = ServerVersion(major: 3, minor: 10)

    let logger: Logger

    /// - Throws: `ConfigurationError` if the broker is too old.
    func run(_ configuration: WorkerConfiguration, on server: AMQPServer?) throws {
        guard let server, server.product == Self.product, let version = ServerVersion(server.version) else {
            logger.warning(
                "could not check the version of RabbitMQ: it must be \(Self.least) or later",
                metadata: [LogKey.reason: "the server does not say that it is RabbitMQ, and of which version"])
            return
        }
        guard version.isOlder(than: Self.least) else { return }
        throw ConfigurationError(
            .oldServer, configuration.name(of: .amqpUrl), "is a RabbitMQ of version \(version)",
            remedy: "upgrade it to \(Self.least) or later")
    }
}
