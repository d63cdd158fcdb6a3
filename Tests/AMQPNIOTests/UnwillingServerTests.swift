import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import AMQPNIO

/// Against sockets that are not RabbitMQ.
@Suite(.timeLimit(.minutes(1))) struct UnwillingServerTests {
    /// Listens, runs `onAccept` on each connection, and provides the port.
    private func withServer(
        _ onAccept: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>,
        _ body: (Int) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer(onAccept)
            .bind(host: "127.0.0.1", port: 0).get()
        try await body(try #require(server.localAddress?.port))
        try await server.close()
    }

    private func connect(_ port: Int, _ change: (inout AMQPConfiguration) -> Void = { _ in }) async -> AMQPError? {
        var configuration = AMQPConfiguration()
        configuration.host = "127.0.0.1"
        configuration.port = port
        change(&configuration)
        do throws(AMQPError) {
            _ = try await AMQPConnection.connect(
                configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: Logger(label: "test"))
            return nil
        } catch { return error }
    }

    @Test("connecting to a port without a listener fails at once")
    func connectingPort() async throws {
        // Bound and closed again, so the port was free a moment ago.
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        try await server.close()
        let error = await connect(port)
        #expect(error?.code == .connectFailed)
        #expect(error?.message.contains("127.0.0.1:\(port)") == true)
        #expect(error?.underlying != nil)
    }

    @Test("a name that does not resolve is reported as such")
    func nameResolve() async {
        let error = await connect(5672) { $0.host = "no-such-host.invalid" }
        #expect(error?.code == .connectFailed)
    }

    @Test("a server that accepts and stays silent times out")
    func serverAccepts() async throws {
        try await withServer({ $0.eventLoop.makeSucceededVoidFuture() }) { port in
            let error = await connect(port) { $0.connectTimeout = .milliseconds(200) }
            #expect(error?.code == .timeout)
        }
    }

    @Test("a server that closes at once is reported as not AMQP")
    func serverCloses() async throws {
        try await withServer({ $0.close() }) { port in
            let error = await connect(port)
            #expect(error?.code == .handshakeFailed || error?.code == .connectFailed)
        }
    }

    @Test("a server of another protocol is recognised by its greeting")
    func serverAnother() async throws {
        try await withServer({ channel in
            channel.eventLoop.execute {
                channel.writeAndFlush(ByteBuffer(string: "220 mail.example ESMTP\r\n"), promise: nil)
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        }) { port in
            let error = await connect(port)
            #expect(error?.code == .handshakeFailed)
        }
    }

    @Test("connecting with TLS to a server without it fails with a TLS error")
    func connectingTls() async throws {
        try await withServer({ channel in
            channel.eventLoop.execute { channel.writeAndFlush(ByteBuffer(string: "AMQP\0\0\u{9}\u{1}"), promise: nil) }
            return channel.eventLoop.makeSucceededVoidFuture()
        }) { port in
            let error = await connect(port) { $0.tls = .makeClientConfiguration() }
            #expect(error?.code == .connectFailed)
            #expect(error?.message.contains("TLS") == true)
        }
    }

    @Test("connecting with TLS to a silent server times out")
    func connectingTlsSilent() async throws {
        try await withServer({ $0.eventLoop.makeSucceededVoidFuture() }) { port in
            let error = await connect(port) {
                $0.tls = .makeClientConfiguration()
                $0.connectTimeout = .milliseconds(200)
            }
            #expect(error?.code == .timeout)
        }
    }
}
