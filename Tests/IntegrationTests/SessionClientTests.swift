import AMQPNIO
import Foundation
import Logging
import NIOPosix
import SessionContract
import Testing

@testable import SojournClient

/// The client against a real RabbitMQ, with the worker's part in the test's hands.
@Suite("The client", .timeLimit(.minutes(2)))
struct SessionClientTests {
    /// The names of the commands that came.
    private let seen = AsyncStream.makeStream(of: String.self)
    private let namespace = "client-\(UInt64.random(in: 0...UInt64.max))"

    private func url() throws -> String {
        try #require(
            ProcessInfo.processInfo.environment["SOJOURN_TEST_AMQP_URL"], "deploy/local/test starts a RabbitMQ")
    }

    /// Answers every command with its own body, over an exchange that goes with the connection.
    private func withEcho(_ body: (SessionClient) async throws -> Void) async throws {
        let connection = try await AMQPConnection.connect(
            AMQPConfiguration(url: try url()), on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test"))
        let channel = try await connection.openChannel()
        let exchange = Topology.Names(namespace: namespace).commands
        try await channel.exchangeDeclare(exchange, kind: "topic", durable: false, autoDelete: true)
        let queue = try await channel.queueDeclare("", durable: false, exclusive: true)
        try await channel.queueBind(queue.name, exchange: exchange, routingKey: "#")
        try await channel.consume(
            queue: queue.name, noAck: true,
            onBatch: { [seen] deliveries in
                for delivery in deliveries { seen.continuation.yield(delivery.routingKey) }
                channel.publishAndForget(
                    deliveries.compactMap { delivery in
                        guard delivery.routingKey != "unanswered", let replyTo = delivery.properties.replyTo else {
                            return nil
                        }
                        return AMQPMessage(
                            exchange: "", routingKey: replyTo,
                            properties: AMQPProperties(correlationID: delivery.properties.correlationID),
                            body: delivery.body)
                    })
            })
        let client = try await SessionClient.connect(urls: ["amqp://127.0.0.1:1/", try url()], namespace: namespace)
        try await body(client)
        await client.close()
        await connection.close()
    }

    @Test("after losing its connection, the client gets replies through the next reachable broker")
    func reconnects() async throws {
        try await withEcho { client in
            #expect(try await client.send("session.get", body: "1".utf8) == Array("1".utf8))
            let connection = try await client.amqp.link().connection
            await connection.close()
            #expect(try await client.send("session.get", body: "2".utf8) == Array("2".utf8))
            #expect(try await client.amqp.link().connection !== connection)
        }
    }

    @Test("a command in flight when the connection is lost fails, and is not sent again")
    func lost() async throws {
        try await withEcho { client in
            let connection = try await client.amqp.link().connection
            let unanswered = Task { try await client.send("unanswered", body: "1".utf8) }
            // It has gone out once somebody has seen it.
            _ = await seen.stream.first { $0 == "unanswered" }
            await connection.close()
            let error = await #expect(throws: SessionClientError.self) { try await unanswered.value }
            #expect(error?.code == .notConnected)
        }
    }

    @Test("an unanswered command fails with timeout, and one without a broker with notConnected")
    func timeouts() async throws {
        try await withEcho { client in
            let error = await #expect(throws: SessionClientError.self) {
                try await client.send("unanswered", body: "1".utf8, timeout: .milliseconds(50))
            }
            #expect(error?.code == .timeout)
            await client.close()
            let closed = await #expect(throws: SessionClientError.self) {
                try await client.send("session.get", body: "1".utf8)
            }
            #expect(closed?.code == .notConnected)
        }
    }

    @Test("without a broker, connecting fails at once; brokers with different users are refused")
    func noBroker() async throws {
        let none = await #expect(throws: SessionClientError.self) {
            try await SessionClient.connect(url: "amqp://127.0.0.1:1/")
        }
        #expect(none?.code == .notConnected)
        let users = await #expect(throws: SessionClientError.self) {
            try await SessionClient.connect(urls: ["amqp://a:x@127.0.0.1/", "amqp://b:x@127.0.0.1/"])
        }
        #expect(users?.code == .invalidConfiguration)
    }
}
