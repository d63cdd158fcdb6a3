import ConnectionSupport
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import TestSupport
import Testing

@testable import AMQPNIO

/// Against a real RabbitMQ.
@Suite("The client with a real broker", .timeLimit(.minutes(2)))
struct LiveClientTests {
    private struct Link: Sendable {
        let connection: AMQPConnection
        let channel: AMQPChannel
    }

    /// The names of the states that it was in.
    private let states = Awaited<[String]>([])

    private func client(_ configurations: [AMQPConfiguration]? = nil) throws -> AMQPClient<Link> {
        let connector = BrokerConnector(
            configurations: try configurations ?? [LiveBroker.configuration()], logger: Logger(label: "test"))
        var configuration = AMQPClientConfiguration()
        configuration.backoff = Backoff(initial: .milliseconds(1), maximum: .milliseconds(50))
        return AMQPClient(
            connector, on: MultiThreadedEventLoopGroup.singleton.next(), configuration: configuration,
            logger: Logger(label: "test"), onStateChange: { [states] state in states.change { $0.append(state.name) } }
        ) { attempt in
            let connection = try await attempt.connect(name: "AMQPConnectionTests client")
            return Link(connection: connection, channel: try await connection.openChannel())
        }
    }

    /// Nothing listens there.
    private func nobody() throws -> AMQPConfiguration {
        var configuration = try LiveBroker.configuration()
        configuration.host = "127.0.0.1"
        configuration.port = 1
        return configuration
    }

    @Test("the client reconnects when its connection ends, and provides a new link")
    func reconnects() async throws {
        let client = try client()
        let running = Task { await client.run() }
        let first = try await client.link()
        #expect(client.state.name == "connected")
        await first.connection.close()
        await states.wait { $0.count { $0 == "connected" } == 2 }
        let second = try await client.link()
        #expect(second.connection !== first.connection)
        #expect(try await second.channel.queueDeclare("", durable: false, exclusive: true).name.isEmpty == false)
        client.shutdown()
        await running.value
        #expect(await second.connection.closed() == nil)
        #expect(client.state.name == "shutDown" && states.value.last == "shutDown")
        await #expect(throws: AMQPError.self) { try await client.link() }
    }

    @Test("the client tries the next broker if one is unreachable")
    func nextBroker() async throws {
        let client = try client([nobody(), LiveBroker.configuration()])
        let running = Task { await client.run() }
        #expect(try await client.link(isPatient: false).connection.isOpen)
        client.shutdown()
        await running.value
    }

    @Test("without a broker, callers fail or wait until cancelled as they chose, and the client keeps trying")
    func noBroker() async throws {
        let client = try client([nobody()])
        let running = Task { await client.run() }
        let error = await #expect(throws: AMQPError.self) { try await client.link(isPatient: false) }
        #expect(error?.code == .connectFailed)
        let patient = Task { try await client.link() }
        await states.wait { $0.count { $0 == "connecting" } >= 3 }
        patient.cancel()
        await #expect(throws: AMQPError.self) { try await patient.value }
        client.shutdown()
        await running.value
    }

    @Test("shutting down its service group closes the client gracefully")
    func service() async throws {
        let client = try client()
        let group = ServiceGroup(services: [client], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await group.run() }
        let link = try await client.link()
        await group.triggerGracefulShutdown()
        try await running.value
        #expect(await link.connection.closed() == nil)
    }

    @Test("an error from the user of a link makes the client reconnect, and a normal return ends it")
    func uses() async throws {
        let client = try client()
        let uses = Awaited<[AMQPConnection]>([])
        await client.run { link in
            uses.change { $0.append(link.connection) }
            if uses.value.count == 1 { throw AMQPError(.invalidState, "enough of this one") }
        }
        #expect(uses.value.count == 2 && uses.value[0] !== uses.value[1])
        for connection in uses.value { #expect(!connection.isOpen) }
        #expect(states.value == ["connecting", "connected", "disconnected", "connecting", "connected", "shutDown"])
        #expect(client.lastFailure == nil)
    }

    @Test("connections opened together are lost together, and their user is cancelled")
    func together() async throws {
        let client = AMQPClient(
            BrokerConnector(configurations: [try LiveBroker.configuration()], logger: Logger(label: "test")),
            on: MultiThreadedEventLoopGroup.singleton.next(), logger: Logger(label: "test")
        ) { attempt in
            [
                try await attempt.connect(name: "AMQPNIOTests one"),
                try await attempt.connect(name: "AMQPNIOTests other"),
            ]
        }
        let uses = Awaited(0)
        await client.run { connections in
            uses.change { $0 += 1 }
            if uses.value == 2 { return }
            await connections[1].close()
            #expect(await connections[0].closed() == nil)
            // Ends with the task alone.
            for await _ in AsyncStream<Never>.makeStream().stream {}
            #expect(Task.isCancelled)
            throw CancellationError()
        }
        #expect(uses.value == 2)
    }

    @Test("a client asked to finish lets its link be used to the end, and does not reconnect")
    func finishes() async throws {
        let client = try client()
        let (begun, ended) = (Awaited(false), Awaited(false))
        let running = Task {
            await client.run { link in
                begun.change { $0 = true }
                await ended.wait { $0 }
                #expect(link.connection.isOpen && !Task.isCancelled)
                throw AMQPError(.invalidState, "not again")
            }
        }
        await begun.wait { $0 }
        client.finish()
        ended.change { $0 = true }
        await running.value
        #expect(states.value == ["connecting", "connected", "shutDown"])
    }

    @Test("a broker that hangs is tried once, and then those that answered come first")
    func triesInTurn() async throws {
        let accepted = Awaited(0)
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                accepted.change { $0 += 1 }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        var hanging = try nobody()
        hanging.port = try #require(silent.localAddress?.port)
        hanging.connectTimeout = .milliseconds(200)
        let connector = BrokerConnector(
            configurations: [hanging, try nobody(), try LiveBroker.configuration()], logger: Logger(label: "test"))
        for _ in 0..<3 {
            let connection = try await connector.connect(
                name: "AMQPNIOTests", on: MultiThreadedEventLoopGroup.singleton.next())
            await connection.close()
        }
        #expect(accepted.value == 1)
        try await silent.close()
    }

    @Test("a client asked to finish ends an attempt to connect to a silent server, or a pause")
    func finishesAttempts() async throws {
        let accepted = Awaited(0)
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                accepted.change { $0 += 1 }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        var configuration = try nobody()
        configuration.port = try #require(silent.localAddress?.port)
        configuration.connectTimeout = .hours(1)
        let connecting = try client([configuration])
        let attempt = Task { await connecting.run { _ in } }
        await accepted.wait { $0 == 1 }
        connecting.finish()
        await attempt.value
        try await silent.close()

        var slow = AMQPClientConfiguration()
        slow.backoff = Backoff(initial: .seconds(3600), maximum: .seconds(3600))
        let pausing = AMQPClient(
            BrokerConnector(configurations: [try nobody()], logger: Logger(label: "test")),
            on: MultiThreadedEventLoopGroup.singleton.next(), configuration: slow, logger: Logger(label: "test"),
            onStateChange: { [states] state in states.change { $0.append("slow " + state.name) } }
        ) { attempt in try await attempt.connect(name: "AMQPNIOTests") }
        let pause = Task { await pausing.run() }
        await states.wait { $0.contains("slow disconnected") }
        pausing.finish()
        await pause.value
    }
}

extension AMQPClientState {
    fileprivate var name: String { String("\(self)".prefix { $0 != "(" }) }
}
