import Glibc
package import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

/// `/livez`, `/readyz`, `/metrics` and the key set over HTTP/1.1, as a service that stops when its group does.
///
/// The address is bound by ``listen(at:health:metrics:isAlive:keySet:eventLoopGroup:)``, before anything else of a worker
/// begins: one whose address is taken ends with a sentence instead of working unseen.
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
        /// In bytes, what is read for one answer: the headers, and a request line that goes with them.
        static let requestBytes = 20 * 1024
        /// From the first byte of a request to its last, or to none; a probe sends its own in one packet.
        static let request = TimeAmount.seconds(5)
        /// For an answer to be taken: a page of metrics is some tens of kilobytes.
        static let answer = TimeAmount.seconds(10)
        /// Between requests. Prometheus scrapes every 15 to 60 seconds and reconnects without harm.
        static let idle = TimeAmount.seconds(30)
        /// At a time; one more takes the place of another (``AdminConnections``), so that nobody can wait in the
        /// backlog behind those who send nothing.
        static let connections = 64
        static let backlog: CInt = 64
    }

    /// Where it listens, with the port that was chosen.
    package let address: SocketEndpoint
    /// What errors call the setting.
    private let name: String
    private let listener: any Channel
    private let connections: NIOLoopBound<AdminConnections>

    /// Begins to listen; what comes is answered from here on.
    ///
    /// - Parameters:
    ///   - address: where to listen; port 0 for any free one.
    ///   - name: what errors call the setting: as the operator gave it.
    ///   - isAlive: whether the lanes run; asked on every `/livez`.
    ///   - keySet: the JSON Web Key Set that access tokens are verified with.
    ///   - eventLoopGroup: not a lane's, so that a busy lane does not look like a dead process.
    /// - Throws: ``ConfigurationError`` where the address cannot be used.
    package static func listen(
        at address: SocketEndpoint, named name: String, health: HealthState, metrics: PrometheusMetrics,
        isAlive: @escaping @Sendable () -> Bool, keySet: @escaping @Sendable () -> [UInt8],
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws(ConfigurationError) -> AdminServer {
        let routes = AdminRoutes(health: health, metrics: metrics, isAlive: isAlive, keySet: keySet)
        // One loop for the listener and all its connections: they are counted without a lock.
        let eventLoop = eventLoopGroup.next()
        let connections = await bound(to: eventLoop)
        let bootstrap = ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: Limits.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try AdminConnection(routes: routes, connections: connections.value).addHandlers(to: channel)
                }
            }
        do {
            let listener = try await bootstrap.bind(host: address.host, port: address.port).get()
            let port = listener.localAddress?.port ?? address.port
            return AdminServer(
                address: SocketEndpoint(host: address.host, port: port), name: name, listener: listener,
                connections: connections)
        } catch let error as IOError {
            throw unusable(
                address, name, problem(errno: error.errnoCode), instead: "it must be a free address of this machine")
        } catch is SocketAddressError.UnknownHost {
            throw unusable(
                address, name, "is a name that does not resolve", instead: "it must be an address of this machine")
        } catch {
            throw unusable(
                address, name, "cannot be listened on (\(error))", instead: "it must be a free address of this machine")
        }
    }

    private init(
        address: SocketEndpoint, name: String, listener: any Channel, connections: NIOLoopBound<AdminConnections>
    ) {
        self.address = address
        self.name = name
        self.listener = listener
        self.connections = connections
    }

    /// Serves until the surrounding service group shuts down, or its task is cancelled.
    ///
    /// - Throws: ``ConfigurationError`` where the listening socket is lost.
    package func run() async throws {
        let ended = await withTaskCancellationOrGracefulShutdownHandler {
            try? await listener.closeFuture.get()
            return Task.isCancelled || Task.isShuttingDownGracefully
        } onCancelOrGracefulShutdown: {
            listener.eventLoop.execute {
                connections.value.stop()
                listener.close(promise: nil)
            }
        }
        guard ended else {
            throw Self.unusable(address, name, "was lost while it was in use", instead: "start the worker again")
        }
    }

    private static func bound(to eventLoop: any EventLoop) async -> NIOLoopBound<AdminConnections> {
        await withCheckedContinuation { continuation in
            eventLoop.execute {
                continuation.resume(
                    returning: NIOLoopBound(AdminConnections(limit: Limits.connections), eventLoop: eventLoop))
            }
        }
    }

    private static func unusable(
        _ address: SocketEndpoint, _ name: String, _ problem: String, instead: String
    ) -> ConfigurationError {
        ConfigurationError(
            .unusableAddress, "The admin address \(address) (\(name))",
            problem, remedy: instead)
    }

    private static func problem(errno code: CInt) -> String {
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
