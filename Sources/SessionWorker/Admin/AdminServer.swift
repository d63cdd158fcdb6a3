import Glibc
import Hummingbird
import HummingbirdCore
import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle

/// `/livez`, `/readyz`, `/metrics` and the key set over HTTP/1.1, as a service that stops when its group does.
///
/// List it before what it reports on: services stop in reverse order, and a worker that drains still has to answer
/// `/livez`.
package struct AdminServer: Service {
    /// Everything a client could make large or slow. It is for probes and scrapers on the inside; the bounds are what
    /// keeps a mistaken or a curious client from costing anything.
    enum Limits {
        /// In bytes, one header's and all headers' together, and how many.
        static let headerBytes = 8 * 1024
        static let headersBytes = 16 * 1024
        static let headerCount = 64
        /// Between requests, and within one. Prometheus scrapes every 15 to 60 seconds and reconnects without harm.
        static let idle = TimeAmount.seconds(30)
        /// At a time; the next ones wait in the backlog.
        static let connections = 256
        static let backlog = 64
    }

    private let address: SocketEndpoint
    private let routes: AdminRoutes
    private let eventLoopGroup: any EventLoopGroup
    private let onListening: @Sendable (SocketEndpoint) async -> Void

    /// - Parameters:
    ///   - address: where to listen; port 0 for any free one.
    ///   - isAlive: whether the lanes run; asked on every `/livez`.
    ///   - keySet: the JSON Web Key Set that access tokens are verified with.
    ///   - eventLoopGroup: not a lane's, so that a busy lane does not look like a dead process.
    ///   - onListening: told the address once connections are accepted, with the port that was chosen.
    package init(
        address: SocketEndpoint, health: HealthState, metrics: PrometheusMetrics,
        isAlive: @escaping @Sendable () -> Bool, keySet: @escaping @Sendable () -> [UInt8],
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        onListening: @escaping @Sendable (SocketEndpoint) async -> Void = { _ in }
    ) {
        self.address = address
        self.routes = AdminRoutes(health: health, metrics: metrics, isAlive: isAlive, keySet: keySet)
        self.eventLoopGroup = eventLoopGroup
        self.onListening = onListening
    }

    /// Serves until the surrounding service group shuts down.
    ///
    /// - Throws: ``ConfigurationError`` where the address cannot be used.
    package func run() async throws {
        // Hummingbird tells of its own start and stop at `info`; the worker's log tells it in its own words.
        var logger = Logger(label: "sojourn.admin")
        logger.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: routes.router(),
            server: .http1(
                configuration: .init(
                    idleTimeout: Limits.idle,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: Limits.headerBytes, maxHeaderListSize: Limits.headersBytes,
                        maxHeaderFieldCount: Limits.headerCount))),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), backlog: Limits.backlog,
                availableConnectionsDelegate: MaximumAvailableConnections(Limits.connections)),
            onServerRunning: { [host = address.host, onListening] channel in
                await onListening(SocketEndpoint(host: host, port: channel.localAddress?.port ?? 0))
            },
            eventLoopGroupProvider: .shared(eventLoopGroup),
            logger: logger)
        do {
            try await application.run()
        } catch let error as IOError {
            throw unusable(problem(errno: error.errnoCode), instead: "it must be a free address of this machine")
        } catch is SocketAddressError.UnknownHost {
            throw unusable("is a name that does not resolve", instead: "it must be an address of this machine")
        }
    }

    private func unusable(_ problem: String, instead: String) -> ConfigurationError {
        let variable = ConfigurationVariable.adminAddress
        return ConfigurationError(
            .unusableAddress, "The admin address \(address) (\(variable.environmentName), \(variable.optionName))",
            problem, remedy: instead)
    }

    private func problem(errno code: CInt) -> String {
        switch code {
        case EADDRINUSE:
            "is in use by another process"
        case EADDRNOTAVAIL:
            "is not an address of this machine"
        case EACCES:
            "is not one this user may listen on"
        default:
            "cannot be listened on (\(String(cString: strerror(code))))"
        }
    }
}
