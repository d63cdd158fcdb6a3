import LogMetadata
import Logging
import NIOCore

/// Opens links to a deployment: finds out where the data is, and connects there.
struct RedisLinkOpener: Sendable {
    private enum Place {
        case server(RedisEndpoint)
        case masterKnown(to: SentinelDirectory)
        case mastersKnown(to: ClusterDirectory)
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
        case .cluster:
            place = .mastersKnown(to: ClusterDirectory(configuration: configuration, connector: connector))
        }
    }

    /// - Returns: a link that is ready for use. The future only fails with a ``RedisError``.
    func open(on eventLoop: any EventLoop) -> EventLoopFuture<any RedisLink> {
        switch place {
        case .server(let server): connector.open(server, on: eventLoop).map { $0 as any RedisLink }
        case .masterKnown(let directory): openMaster(directory, on: eventLoop)
        case .mastersKnown(let directory): openCluster(directory, on: eventLoop)
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

    // MARK: Redis Cluster

    private func openCluster(
        _ directory: ClusterDirectory, on eventLoop: any EventLoop
    ) -> EventLoopFuture<any RedisLink> {
        directory.find(on: eventLoop).flatMap { answer in
            let table = answer.table
            let attempts = table.masters.enumerated().map { index, master in
                connector.open(master, owning: { table.owner(of: $0) == index }, on: eventLoop)
            }
            return EventLoopFuture.whenAllComplete(attempts, on: eventLoop).flatMapThrowing { results in
                let connections = results.compactMap { try? $0.get() }
                if let error = results.lazy.compactMap(\.failure).first {
                    directory.wasWrong(answer)
                    for connection in connections { connection.beginClosing() }
                    throw error as? RedisError ?? RedisError(.connectFailed, "a node failed", underlying: error)
                }
                let nodes = ClusterNodes(connections, on: eventLoop) { node, owns in
                    connector.open(node, owning: owns, on: eventLoop)
                }
                let patience = TimeAmount(connector.configuration.replyTimeout)
                return RedisClusterLink(ClusterRouter(table, nodes, patience: patience), on: eventLoop)
            }
        }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        switch self {
        case .success: nil
        case .failure(let error): error
        }
    }
}
