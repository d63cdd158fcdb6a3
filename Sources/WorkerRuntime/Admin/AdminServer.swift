import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import SessionCrypto

/// Serves the status page, `/livez`, `/readyz`, `/metrics` and the key set over HTTP/1.1, as a service that stops with its group.
///
/// ``listen(at:named:answering:eventLoopGroup:)`` binds the address before anything else in a
/// worker starts: if the address is in use, the worker exits with an error instead of running unobserved.
///
/// List it before the services it reports on: services stop in reverse order, and a draining worker must still answer
/// `/livez`.
package struct AdminServer: Service {
    /// Limits on everything that a client could make large or slow. The server is for internal probes and scrapers; the
    /// limits keep a faulty or curious client from consuming resources.
    enum Limits {
        /// Bytes per header, bytes of all headers together, and number of headers.
        static let headerBytes = 8 * 1024
        static let headersBytes = 16 * 1024
        static let headerCount = 64
        /// Bytes read per request: the headers plus a request line.
        static let requestBytes = 20 * 1024
        /// From the first byte of a request to its last. A probe sends its request in one packet.
        static let request = TimeAmount.seconds(5)
        /// For the client to receive a response: a page of metrics is some tens of kilobytes.
        static let answer = TimeAmount.seconds(10)
        /// Between requests. Prometheus scrapes every 15 to 60 seconds and reconnects without harm.
        static let idle = TimeAmount.seconds(30)
        /// Concurrent connections. One more replaces another (``AdminConnections``), so that idle clients cannot make
        /// others wait in the backlog.
        static let connections = 64
        static let backlog: CInt = 64
    }

    /// The address it listens on, with the actual port.
    package let address: SocketEndpoint
    /// The setting's name in errors.
    private let name: String
    private let listener: any Channel
    private let connections: NIOLoopBound<AdminConnections>

    /// Starts listening; requests are answered from then on.
    ///
    /// - Parameters:
    ///   - address: where to listen; port 0 chooses a free port.
    ///   - name: the setting's name in errors, as the operator gave it.
    ///   - routes: what it answers.
    ///   - eventLoopGroup: must not be a lane's, so that a busy lane does not look like a dead process.
    /// - Throws: ``ConfigurationError`` if the address cannot be used.
    static func listen(
        at address: SocketEndpoint, named name: String, answering routes: AdminRoutes,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws(ConfigurationError) -> AdminServer {
        // The listener and all its connections share one event loop, so counting them needs no lock.
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
                address, name, problem(errno: error.errnoCode), instead: "use a free address of this machine")
        } catch is SocketAddressError.UnknownHost {
            throw unusable(
                address, name, "does not resolve", instead: "use an address of this machine")
        } catch {
            throw unusable(
                address, name, "cannot be bound (\(error))", instead: "use a free address of this machine")
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
    /// - Throws: ``ConfigurationError`` if the listening socket is lost.
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
            throw Self.unusable(address, name, "stopped listening unexpectedly", instead: "restart the worker")
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
            "may not be bound by this user"
        default:
            "cannot be bound (\(systemError(code)))"
        }
    }
}
