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
}

extension AMQPClientState {
    fileprivate var name: String { String("\(self)".prefix { $0 != "(" }) }
}
