import AMQPConnection
import Logging
import NIOCore
import SessionContract

/// A lane's two connections: a broker under a memory alarm blocks those that publish, and consuming goes on apart.
struct BrokerConnections: Sendable {
    let consuming: AMQPConnection
    let publishing: AMQPConnection

    func close() async {
        async let consumingIsClosed: Void = consuming.close()
        await publishing.close()
        await consumingIsClosed
    }
}

/// Finds a broker among those that are configured, the first that answers.
struct BrokerConnector: Sendable {
    let configurations: [AMQPConfiguration]
    let logger: Logger

    /// - Throws: the error of the last one, if none can be reached.
    func connect(name: String, on eventLoop: any EventLoop) async throws(AMQPError) -> AMQPConnection {
        var failure = AMQPError(.invalidConfiguration, "no broker is configured")
        for var configuration in configurations {
            configuration.connectionName = name
            do throws(AMQPError) {
                let connection = try await AMQPConnection.connect(
                    configuration, on: eventLoop, logger: logger, onBlocked: tellOfAlarm(at: "\(configuration)"))
                logger.debug("connected to RabbitMQ", metadata: [LogKey.address: "\(configuration)"])
                return connection
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private func tellOfAlarm(at address: String) -> @Sendable (String?) -> Void {
        { reason in
            if let reason {
                logger.warning(
                    "RabbitMQ takes no messages at present: results and events wait",
                    metadata: [LogKey.address: "\(address)", LogKey.reason: "\(reason)"])
            } else {
                logger.info("RabbitMQ takes messages again", metadata: [LogKey.address: "\(address)"])
            }
        }
    }
}
