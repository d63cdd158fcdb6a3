import AMQPNIO
import ConnectionSupport
import Foundation
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import SessionEngine

/// Against a real RabbitMQ.
@Suite("Publishing replies", .timeLimit(.minutes(2)))
struct ReplyPublisherTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func broker() throws -> AMQPConfiguration {
        try AMQPConfiguration(
            url: try #require(
                ProcessInfo.processInfo.environment["SOJOURN_TEST_AMQP_URL"], "deploy/local/test starts a RabbitMQ"))
    }

    private static func publisher(
        on eventLoop: any EventLoop, over brokers: [AMQPConfiguration]
    ) -> ReplyPublisher {
        ReplyPublisher(
            on: eventLoop, connector: BrokerConnector(configurations: brokers, logger: logger),
            name: "ReplyPublisherTests",
            addresses: .makeBoxSendingValue(ReplyAddresses(), eventLoop: eventLoop), logger: logger,
            patience: .hours(1))
    }

    private static func reply(to address: String) -> AMQPMessage {
        AMQPMessage(exchange: "", routingKey: address, properties: AMQPProperties(), body: Array("{}".utf8))
    }

    @Test("replies that are published before there is a connection are confirmed once there is one")
    func early() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let connection = try await AMQPConnection.connect(try Self.broker(), on: loop, logger: Self.logger)
        let channel = try await connection.openChannel()
        let queue = try await channel.queueDeclare("", durable: false, exclusive: true).name
        let publisher = Self.publisher(on: loop, over: [try Self.broker()])
        let settled = Awaited(false)
        await publisher.publish([Self.reply(to: queue), Self.reply(to: queue)]) { settled.change { $0 = true } }
        let running = Task { await publisher.run() }
        await settled.wait { $0 }
        #expect(try await channel.queueDeclare(queue, passive: true).messageCount == 2)
        await publisher.close()
        await running.value
        await connection.close()
    }

    @Test("a closed publisher settles all replies, including later ones, with and without a broker")
    func closed() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var nobody = AMQPConfiguration()
        nobody.host = "127.0.0.1"
        nobody.port = 1
        for broker in [nobody, try Self.broker()] {
            let publisher = Self.publisher(on: loop, over: [broker])
            let settled = Awaited(0)
            let running = Task { await publisher.run() }
            for address in ["somewhere", "amq.rabbitmq.reply-to.nobody"] {
                await publisher.publish([Self.reply(to: address)]) { settled.change { $0 += 1 } }
            }
            await publisher.close()
            await running.value
            await settled.wait { $0 == 2 }
            await publisher.publish([Self.reply(to: "somewhere")]) { settled.change { $0 += 1 } }
            #expect(settled.value == 3)
        }
    }
}
