import ConnectionSupport
import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections to servers of a deployment: name look-up, TCP, TLS, authentication, loading scripts.
struct RedisConnector: Sendable {
    private(set) var configuration: RedisConfiguration
    private var scripts: [RedisScript]
    private var probe: RedisProbe?
    /// Whether a server that is a replica is refused.
    private var needsMaster: Bool
    private let logger: Logger
    /// Created once, because reading the trust roots takes milliseconds, during which the event loop would block.
    private let tls: NIOSSLContext?

    /// - Throws: ``RedisError/Code/invalidConfiguration`` for a configuration that can never work.
    init(
        configuration: RedisConfiguration, scripts: [RedisScript], probe: RedisProbe? = nil, logger: Logger
    ) throws(RedisError) {
        let scripts = scripts + (probe.map { [$0.script] } ?? [])
        for (index, script) in scripts.enumerated() {
            guard !scripts[..<index].contains(where: { $0.name == script.name }) else {
                throw RedisError(.invalidConfiguration, "two scripts are named \(script.name)")
            }
        }
        try configuration.check()
        do {
            tls = try configuration.tls.map { try NIOSSLContext(configuration: $0) }
        } catch {
            throw RedisError(.invalidConfiguration, "the TLS settings cannot be used", underlying: error)
        }
        needsMaster = if case .sentinel = configuration.deployment { true } else { false }
        self.configuration = configuration
        self.scripts = scripts
        self.probe = probe
        self.logger = logger
    }

    /// The same for servers that are only asked where the data is: with these settings, but for TLS, and without scripts.
    func variant(_ configuration: RedisConfiguration) -> RedisConnector {
        var variant = self
        variant.configuration = configuration
        variant.scripts = []
        variant.probe = nil
        variant.needsMaster = false
        variant.configuration.replicas = 0
        return variant
    }

    /// - Parameter owns: whether the server serves a slot; by default all.
    /// - Returns: a connection that is ready for use. The future only fails with a ``RedisError``.
    func open(
        _ endpoint: RedisEndpoint, owning owns: @escaping @Sendable (Int) -> Bool = { _ in true },
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<RedisConnection> {
        guard let bootstrap = ClientBootstrap(validatingGroup: eventLoop) else {
            let error = RedisError(.invalidConfiguration, "sockets need an event loop from NIOPosix")
            return eventLoop.makeFailedFuture(error)
        }
        guard tls != nil || !configuration.requiresTLS || Loopback.isHost(endpoint.host) else {
            let error = RedisError(.connectFailed, "\(endpoint) is not on this machine, and TLS is required")
            return eventLoop.makeFailedFuture(error)
        }
        return
            bootstrap
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            // Lets the kernel detect a peer that vanished silently even when nothing is sent.
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try addHandlers(to: channel, of: endpoint) }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .flatMapErrorThrowing { error in
                throw RedisError(.connectFailed, "cannot connect to \(endpoint)", underlying: error)
            }
            .flatMap { channel in
                setUp(channel, of: endpoint, owns)
            }
            .flatMap { connection in
                configuration.replicas > 0 ? confirm(connection) : eventLoop.makeSucceededFuture(connection)
            }
    }

    private func addHandlers(to channel: any Channel, of endpoint: RedisEndpoint) throws {
        if let tls {
            try channel.pipeline.syncOperations.addHandlers(ClientTLS.handlers(to: endpoint.host, tls))
        }
        try channel.pipeline.syncOperations.addHandler(
            RedisChannelHandler(configuration: configuration, logger: logger, eventLoop: channel.eventLoop))
    }

    private func setUp(
        _ channel: any Channel, of endpoint: RedisEndpoint, _ owns: @escaping (Int) -> Bool
    ) -> EventLoopFuture<RedisConnection> {
        let promise = channel.eventLoop.makePromise(of: RedisConnection.self)
        do {
            let handler = try channel.pipeline.syncOperations.handler(type: RedisChannelHandler.self)
            let connection = RedisConnection(handler: handler, endpoint: endpoint, eventLoop: channel.eventLoop)
            let setup = ConnectionSetup(
                configuration: configuration, scripts: scripts, needsMaster: needsMaster)
            handler.send(setup.pipeline) { result in
                do throws(RedisError) {
                    for (script, hash) in try setup.check(result) {
                        handler.scripts.record(hash, for: script)
                    }
                    ask(handler, connection, owns, promise)
                } catch {
                    handler.drain()
                    promise.fail(error)
                }
            }
        } catch {
            // The channel was closed, and its handlers removed, after connecting.
            promise.fail(RedisError(.connectFailed, "the server closed the connection at once", underlying: error))
        }
        return promise.futureResult
    }

    /// Runs the probe, and delivers the connection if the user has all permissions.
    private func ask(
        _ handler: RedisChannelHandler, _ connection: RedisConnection, _ owns: (Int) -> Bool,
        _ promise: EventLoopPromise<RedisConnection>
    ) {
        guard let probe, let pipeline = probe.pipeline(owns) else { return promise.succeed(connection) }
        let inCluster = configuration.deployment == .cluster
        handler.send(pipeline) { result in
            do throws(RedisError) {
                try probe.check(result, user: configuration.user, inCluster: inCluster)
                promise.succeed(connection)
            } catch {
                handler.drain()
                promise.fail(error)
            }
        }
    }

    // MARK: Replicas

    /// Opens another connection to the same server, on which to wait for replicas.
    private func confirm(_ connection: RedisConnection) -> EventLoopFuture<RedisConnection> {
        let eventLoop = connection.eventLoop
        return variant(configuration).open(connection.endpoint, on: eventLoop).flatMap { other in
            let ids = [connection, other].map { Self.serverID(over: $0) }
            return EventLoopFuture.whenAllSucceed(ids, on: eventLoop).flatMapThrowing { ids in
                guard ids[0] == ids[1] else {
                    throw RedisError(.connectFailed, "two connections to \(connection.endpoint) lead to two servers")
                }
                connection.confirm(over: other, replicas: configuration.replicas)
                return connection
            }.flatMapErrorThrowing { error in
                other.beginClosing()
                throw error
            }
        }.flatMapErrorThrowing { error in
            connection.beginClosing()
            throw error
        }
    }

    /// What tells a server from every other, and from itself before it was restarted.
    private static func serverID(over connection: RedisConnection) -> EventLoopFuture<String> {
        let promise = connection.eventLoop.makePromise(of: String.self)
        var pipeline = RedisPipeline()
        pipeline.command("INFO", "server")
        pipeline.command("WAIT", 0, 1)
        connection.send(pipeline) { result in
            do throws(RedisError) {
                let replies = try result.repliesBeforeUse()
                for (reply, command) in zip(replies, ["INFO", "WAIT"]) {
                    guard let error = reply.serverError else { continue }
                    throw RedisError(
                        .notPermitted, "\(command), which waiting for replicas needs, was refused: \(error.words)")
                }
                let lines = (replies.first?.string ?? "").split(whereSeparator: \.isNewline)
                guard let id = lines.first(where: { $0.hasPrefix("run_id:") }) else {
                    throw RedisError(.protocolViolation, "INFO does not say which server this is")
                }
                promise.succeed(String(id))
            } catch {
                promise.fail(error)
            }
        }
        return promise.futureResult
    }
}
