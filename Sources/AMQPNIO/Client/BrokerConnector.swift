import LogMetadata
package import Logging
package import NIOCore

/// Connects to the first of the configured brokers that answers.
package struct BrokerConnector: Sendable {
    package let configurations: [AMQPConfiguration]
    package let logger: Logger

    package init(configurations: [AMQPConfiguration], logger: Logger) {
        self.configurations = configurations
        self.logger = logger
    }

    /// - Throws: the last broker's error, if none can be reached; `connectionClosed` if the task is cancelled.
    package func connect(name: String, on eventLoop: any EventLoop) async throws(AMQPError) -> AMQPConnection {
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
                if Task.isCancelled { break }
            }
        }
        throw failure
    }

    private func tellOfAlarm(at address: String) -> @Sendable (String?) -> Void {
        { reason in
            if let reason {
                logger.warning(
                    "RabbitMQ has blocked publishing: results and events wait",
                    metadata: [LogKey.address: "\(address)", LogKey.reason: "\(reason)"])
            } else {
                logger.info("RabbitMQ has unblocked publishing", metadata: [LogKey.address: "\(address)"])
            }
        }
    }
}
