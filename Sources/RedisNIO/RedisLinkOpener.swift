import Logging
import NIOCore

/// Opens links to a deployment.
struct RedisLinkOpener: Sendable {
    private let connector: RedisConnector
    private let server: RedisEndpoint

    /// - Throws: ``RedisError/Code/invalidConfiguration`` for a configuration that can never work.
    init(
        _ configuration: RedisConfiguration, scripts: [RedisScript], probe: RedisProbe?, logger: Logger
    ) throws(RedisError) {
        connector = try RedisConnector(configuration: configuration, scripts: scripts, probe: probe, logger: logger)
        switch configuration.deployment {
        case .single: server = configuration.endpoints[0]
        case .sentinel: throw RedisError(.invalidConfiguration, "Redis Sentinel is not supported yet")
        case .cluster: throw RedisError(.invalidConfiguration, "Redis Cluster is not supported yet")
        }
    }

    /// - Returns: a link that is ready for use. The future only fails with a ``RedisError``.
    func open(on eventLoop: any EventLoop) -> EventLoopFuture<any RedisLink> {
        connector.open(server, on: eventLoop).map { $0 as any RedisLink }
    }
}
