import ConnectionSupport
package import Logging
package import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A connection to a RabbitMQ broker (AMQP 0-9-1), bound to one event loop.
///
/// Can be used from anywhere, without a hop on its event loop. It does not reconnect: when ``closeFuture`` completes,
/// the connection and its channels have ended. It stays open until it is closed, even if nothing references it any
/// more.
package final class AMQPConnection: Sendable {
    /// The event loop that runs everything on this connection, including callbacks.
    package let eventLoop: any EventLoop
    /// Completes when the connection has ended: with nil after ``close()``, otherwise with the reason. Never fails.
    package let closeFuture: EventLoopFuture<AMQPError?>
    private let handler: LoopConfined<ConnectionHandler>
    private let status: ConnectionStatus

    init(_ handler: ConnectionHandler) {
        eventLoop = handler.eventLoop
        closeFuture = handler.closed.futureResult
        status = handler.status
        self.handler = LoopConfined(handler, on: handler.eventLoop)
    }

    /// Connects, authenticates and opens the virtual host.
    ///
    /// - Parameters:
    ///   - eventLoop: One of a `MultiThreadedEventLoopGroup`.
    ///   - onBlocked: Called on the event loop with the broker's reason when it blocks publishers
    ///     (`connection.blocked`, a memory or disk alarm), and with nil when it unblocks them.
    /// - Throws: `invalidConfiguration`, `connectFailed`, `authenticationFailed`, `virtualHostUnavailable`,
    ///   `handshakeFailed`, `timeout` after ``AMQPConfiguration/connectTimeout``, or `connectionClosed` when the task is
    ///   cancelled.
    package static func connect(
        _ configuration: AMQPConfiguration, on eventLoop: any EventLoop, logger: Logger,
        onBlocked: (@Sendable (_ reason: String?) -> Void)? = nil
    ) async throws(AMQPError) -> AMQPConnection {
        try configuration.validate()
        guard let bootstrap = ClientBootstrap(validatingGroup: eventLoop) else {
            throw AMQPError(.invalidConfiguration, "this kind of event loop cannot open sockets")
        }
        let tls = try tlsContext(configuration)
        let deadline = eventLoop.now + configuration.connectTimeout
        let sockets = ConnectingSockets()
        do {
            return try await withTaskCancellationHandler {
                let connection =
                    try await bootstrap
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connectTimeout(configuration.connectTimeout)
                    .connect(host: configuration.host, port: configuration.port) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try sockets.add(channel)
                            if let tls {
                                try channel.pipeline.syncOperations.addHandlers(
                                    ClientTLS.handlers(to: configuration.host, tls))
                            }
                            let handler = ConnectionHandler(
                                configuration: configuration, eventLoop: channel.eventLoop, logger: logger,
                                connectDeadline: deadline, onBlocked: onBlocked)
                            try channel.pipeline.syncOperations.addHandler(handler)
                            return (AMQPConnection(handler), handler.established.futureResult)
                        }
                    }
                try await connection.1.get()
                return connection.0
            } onCancel: {
                sockets.close()
            }
        } catch {
            if sockets.areClosed { throw .connectingWasCancelled }
            throw Self.error(error, configuration)
        }
    }

    private static func error(_ error: any Error, _ configuration: AMQPConfiguration) -> AMQPError {
        if let error = error as? AMQPError { return error }
        if let error = error as? ChannelError, case .connectTimeout = error {
            return AMQPError(.timeout, "could not connect to \(configuration) in time")
        }
        return AMQPError(.connectFailed, "no connection to \(configuration)", underlying: error)
    }

    /// Whether channels can be opened. May be out of date by the time it is read.
    package var isOpen: Bool { status.isOpen.load(ordering: .acquiring) }

    /// Whether the broker currently blocks publishers.
    package var isBlocked: Bool { status.isBlocked.load(ordering: .acquiring) }

    /// What the broker calls itself.
    package var server: AMQPServer? { status.server.withLock { $0 } }

    /// Opens a channel.
    ///
    /// - Throws: `connectionClosed`, `timeout`, or `invalidState` when all channels are in use.
    package func openChannel() async throws(AMQPError) -> AMQPChannel {
        try await handler.answer { handler, answer in AMQPConnection.openChannel(handler, answer) }.get()
    }

    /// Pauses or resumes reading from the socket: backpressure for a consumer with more deliveries than it can hold.
    /// While paused, nothing the broker sends is processed, and it is presumed alive.
    package func pauseReading(_ isPaused: Bool) {
        handler.run { $0.pauseReading(isPaused) }
    }

    /// Closes the connection in an orderly way. Returns when it is closed, after ``AMQPConfiguration/closeTimeout`` at
    /// the latest.
    ///
    /// Calls and confirms still pending fail with `connectionClosed`.
    package func close() async {
        beginClosing()
        _ = await closed()
    }

    /// Begins what ``close()`` does, without waiting for it.
    package func beginClosing() {
        handler.run { $0.close() }
    }

    /// Waits for the connection to end: nil after ``close()``, otherwise the reason.
    @discardableResult
    package func closed() async -> AMQPError? {
        (try? await closeFuture.get()) ?? nil
    }

    static func openChannel(
        _ handler: ConnectionHandler, _ completion: @escaping (Result<AMQPChannel, AMQPError>) -> Void
    ) {
        if let error = handler.unusable { return completion(.failure(error)) }
        let core: ChannelCore
        do throws(AMQPError) {
            core = ChannelCore(id: try handler.makeChannelID(), connection: handler)
        } catch { return completion(.failure(error)) }
        handler.channels[core.id] = core
        core.call(.channelOpen, expects: .channelOpen) { result in
            if case .success = result { core.opened() }
            completion(result.map { _ in AMQPChannel(core) })
        }
    }
}

extension AMQPConnection {
    private static func tlsContext(_ configuration: AMQPConfiguration) throws(AMQPError) -> NIOSSLContext? {
        guard let tls = configuration.tls else { return nil }
        do {
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw AMQPError(.invalidConfiguration, "the TLS configuration cannot be used", underlying: error)
        }
    }
}
