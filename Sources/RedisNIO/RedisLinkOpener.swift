import LogMetadata
import Logging
import NIOCore

/// Opens links to a deployment: finds out where the data is, and connects there.
struct RedisLinkOpener: Sendable {
    private enum Place {
        case server(RedisEndpoint)
        case masterKnown(to: SentinelDirectory)
    }

    private let connector: RedisConnector
    private let place: Place
    private let logger: Logger

    /// - Throws: ``RedisError/Code/invalidConfiguration`` for a configuration that can never work.
    init(
        _ configuration: RedisConfiguration, scripts: [RedisScript], probe: RedisProbe?, logger: Logger
    ) throws(RedisError) {
        self.logger = logger
        connector = try RedisConnector(configuration: configuration, scripts: scripts, probe: probe, logger: logger)
        switch configuration.deployment {
        case .single: place = .server(configuration.endpoints[0])
        case .sentinel(let name):
            place = .masterKnown(
                to: SentinelDirectory(masterName: name, configuration: configuration, connector: connector))
        case .cluster: throw RedisError(.invalidConfiguration, "Redis Cluster is not supported yet")
        }
    }

    /// - Returns: a link that is ready for use. The future only fails with a ``RedisError``.
    func open(on eventLoop: any EventLoop) -> EventLoopFuture<any RedisLink> {
        switch place {
        case .server(let server): connector.open(server, on: eventLoop).map { $0 as any RedisLink }
        case .masterKnown(let directory): openMaster(directory, on: eventLoop)
        }
    }

    private func openMaster(
        _ directory: SentinelDirectory, on eventLoop: any EventLoop
    ) -> EventLoopFuture<any RedisLink> {
        directory.find(on: eventLoop).flatMap { answer in
            connector.open(answer.master, on: eventLoop).map { connection in
                watch(connection, directory)
                return connection as any RedisLink
            }.flatMapErrorThrowing { error in
                directory.wasWrong(answer)
                throw Self.failure(error, of: answer, named: directory.masterName)
            }
        }
    }

    /// Leaves a master when the Sentinels name another one. A deposed master that is alive learns of it only when a
    /// Sentinel gets to it, up to ten seconds later; until then it takes writes, and loses them with its demotion.
    private func watch(_ connection: RedisConnection, _ directory: SentinelDirectory) {
        let eventLoop = connection.eventLoop
        let interval = TimeAmount(connector.configuration.pingInterval)
        let task = eventLoop.scheduleRepeatedAsyncTask(initialDelay: interval, delay: interval) { _ in
            directory.find(on: eventLoop).map { answer in
                guard answer.master != connection.endpoint else { return }
                logger.warning(
                    "the Sentinels name another master",
                    metadata: [LogKey.address: "\(connection.endpoint)", LogKey.reason: "now \(answer.master)"])
                connection.beginClosing()
            }.recover { _ in
                // Without Sentinels, the master remains what it was.
            }
        }
        connection.closeFuture.whenComplete { _ in task.cancel() }
    }

    /// What went wrong, and who sent us there.
    private static func failure(_ error: any Error, of answer: SentinelDirectory.Answer, named name: String)
        -> RedisError
    {
        let error = error as? RedisError ?? RedisError(.connectFailed, "it cannot be connected to", underlying: error)
        return RedisError(
            error.code,
            "\(error.message) (at \(answer.master), which the Sentinel \(answer.sentinel) takes for the master \(name))",
            underlying: error.underlying)
    }
}
