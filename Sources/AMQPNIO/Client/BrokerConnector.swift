import LogMetadata
package import Logging
package import NIOCore
import Synchronization

/// Connects to the first of the configured brokers that answers, beginning with the one that answered last: a broker
/// that hangs costs its timeout once, not with every connection.
package struct BrokerConnector: Sendable {
    /// Shared by copies.
    private final class Preference: Sendable {
        let index = Atomic(0)
    }

    package let configurations: [AMQPConfiguration]
    package let logger: Logger
    private let preference = Preference()
    private let onAlarm: @Sendable (_ isBlocked: Bool) -> Void

    /// - Parameter onAlarm: called on an event loop when a broker blocks a connection, and when it unblocks it or the
    ///   connection ends.
    package init(
        configurations: [AMQPConfiguration], logger: Logger,
        onAlarm: @escaping @Sendable (_ isBlocked: Bool) -> Void = { _ in }
    ) {
        self.configurations = configurations
        self.logger = logger
        self.onAlarm = onAlarm
    }

    /// - Throws: the last broker's error, if none can be reached; `connectionClosed` if the task is cancelled.
    package func connect(name: String, on eventLoop: any EventLoop) async throws(AMQPError) -> AMQPConnection {
        var failure = AMQPError(.invalidConfiguration, "no broker is configured")
        let first = preference.index.load(ordering: .relaxed)
        for index in configurations.indices.map({ (first + $0) % configurations.count }) {
            var configuration = configurations[index]
            configuration.connectionName = name
            do throws(AMQPError) {
                let alarm = Alarm(onAlarm)
                let connection = try await AMQPConnection.connect(
                    configuration, on: eventLoop, logger: logger,
                    onBlocked: tellOfAlarm(alarm, at: "\(configuration)"))
                connection.closeFuture.whenComplete { _ in alarm.set(false) }
                preference.index.store(index, ordering: .relaxed)
                logger.debug("connected to RabbitMQ", metadata: [LogKey.address: "\(configuration)"])
                return connection
            } catch {
                failure = error
                if Task.isCancelled { break }
            }
        }
        throw failure
    }

    private func tellOfAlarm(_ alarm: Alarm, at address: String) -> @Sendable (String?) -> Void {
        { reason in
            alarm.set(reason != nil)
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

/// Whether a connection is blocked; reports changes.
private final class Alarm: Sendable {
    private let isBlocked = Atomic(false)
    private let onChange: @Sendable (Bool) -> Void

    init(_ onChange: @escaping @Sendable (Bool) -> Void) {
        self.onChange = onChange
    }

    func set(_ new: Bool) {
        if isBlocked.exchange(new, ordering: .relaxed) != new { onChange(new) }
    }
}
