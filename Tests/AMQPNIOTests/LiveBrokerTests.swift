import NIOCore
import Testing

@testable import AMQPNIO

/// Against a real RabbitMQ. The time limits only matter if the broker stops answering altogether.
@Suite(.timeLimit(.minutes(2))) struct LiveBrokerTests {
    @Test("a message is published, delivered unchanged, and acknowledged")
    func messagePublished() async throws {
        try await LiveBroker.withChannel { _, channel in
            let queue = LiveBroker.name("round-trip")
            let exchange = LiveBroker.name("topic")
            try await channel.exchangeDeclare(exchange, kind: "topic", durable: false, autoDelete: true)
            let declared = try await channel.queueDeclare(queue, durable: false, exclusive: true)
            #expect(declared.name == queue)
            try await channel.queueBind(queue, exchange: exchange, routingKey: "session.*")
            try await channel.confirmSelect()
            let properties = AMQPProperties(
                contentType: "application/json", contentEncoding: "identity",
                headers: [
                    "deadline": 1_800_000_000_000, "traceparent": "00-ab-cd-01", "flag": true,
                    "bytes": .bytes([0, 255]),
                    "opaque": .opaqueString([0xFF]), "nested": .table(["a": .array([1, "x", .void])]),
                    "double": .double(0.5), "time": .timestamp(12), "small": .int8(-3),
                ], deliveryMode: 2, priority: 3, correlationID: "c-1", replyTo: "somewhere", expiration: "600000",
                messageID: "m-1", timestamp: 1_800_000_000, type: "session.create", appID: "tests", clusterID: "x")
            let outcomes = try await channel.publish([
                AMQPMessage(
                    exchange: exchange, routingKey: "session.create", mandatory: true, properties: properties,
                    body: Array("{}".utf8))
            ])
            #expect(outcomes == [.confirmed])
            try await channel.qos(prefetch: 10)
            let deliveries = DeliveryStream()
            let tag = try await channel.consume(queue: queue, onBatch: deliveries.onBatch)
            let delivery = try #require(await deliveries.next(1).first)
            #expect(delivery.properties == properties)
            #expect(delivery.body == Array("{}".utf8))
            #expect(delivery.exchange == exchange)
            #expect(delivery.routingKey == "session.create")
            #expect(delivery.consumerTag == tag)
            #expect(!delivery.redelivered)
            channel.acknowledge(delivery.deliveryTag)
            try await channel.cancel(consumerTag: tag)
            #expect(try await channel.queueDelete(queue) == 0)
        }
    }

    @Test("unroutable, rejected and confirmed messages are distinguished within one batch")
    func unroutableRejected() async throws {
        try await LiveBroker.withChannel { _, channel in
            let queue = LiveBroker.name("full")
            try await channel.queueDeclare(
                queue, durable: false, exclusive: true, arguments: ["x-max-length": 1, "x-overflow": "reject-publish"])
            try await channel.confirmSelect()
            let there = AMQPMessage(exchange: "", routingKey: queue, mandatory: true, body: [1])
            let nowhere = AMQPMessage(exchange: "", routingKey: LiveBroker.name("nowhere"), mandatory: true, body: [1])
            #expect(try await channel.publish([there]) == [.confirmed])
            let outcomes = try await channel.publish([nowhere, there, nowhere])
            let back = AMQPPublishOutcome.returned(replyCode: 312, replyText: "NO_ROUTE")
            #expect(outcomes == [back, .rejected, back])
        }
    }

    @Test("a body of any size survives the round trip", arguments: [0, 1, 131_064, 131_065, 262_128, 2_000_000])
    func bodySize(size: Int) async throws {
        try await LiveBroker.withChannel { _, channel in
            let queue = LiveBroker.name("size")
            try await channel.queueDeclare(queue, durable: false, exclusive: true)
            try await channel.confirmSelect()
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let outcomes = try await channel.publish([AMQPMessage(exchange: "", routingKey: queue, body: body)])
            #expect(outcomes == [.confirmed])
            let deliveries = DeliveryStream()
            try await channel.consume(queue: queue, noAck: true, onBatch: deliveries.onBatch)
            #expect(await deliveries.next(1).first?.body == body)
        }
    }

    @Test("ten thousand messages are confirmed, delivered in order, and acknowledged by window")
    func tenThousand() async throws {
        try await LiveBroker.withChannel { _, channel in
            let queue = LiveBroker.name("many")
            let count = 10_000
            try await channel.queueDeclare(queue, durable: false, exclusive: true)
            try await channel.confirmSelect()
            for start in stride(from: 0, to: count, by: 500) {
                let messages = (start..<(start + 500)).map {
                    AMQPMessage(
                        exchange: "", routingKey: queue, properties: AMQPProperties(messageID: "\($0)"), body: [1])
                }
                #expect(try await channel.publish(messages) == Array(repeating: .confirmed, count: 500))
            }
            try await channel.qos(prefetch: 300)
            let deliveries = DeliveryStream()
            let tag = try await channel.consume(queue: queue, onBatch: deliveries.onBatch)
            var window = AcknowledgementWindow()
            var expected = 0
            var held: [UInt64] = []
            for await delivery in deliveries.stream {
                #expect(delivery.properties.messageID == "\(expected)")
                expected += 1
                window.add(delivery.deliveryTag)
                held.append(delivery.deliveryTag)
                // Finish every pair in reverse order.
                if held.count == 2 {
                    window.finish(held[1])
                    window.finish(held[0])
                    held = []
                }
                if let tag = window.takeAcknowledgement() { channel.acknowledge(tag, multiple: true) }
                if expected == count { break }
            }
            try await channel.cancel(consumerTag: tag)
            #expect(try await channel.queueDeclare(queue, passive: true).messageCount == 0)
            await channel.close()
        }
    }

    @Test("direct reply-to works on one channel")
    func directReply() async throws {
        try await LiveBroker.withChannel { connection, client in
            let queue = LiveBroker.name("server")
            let server = try await connection.openChannel()
            try await server.queueDeclare(queue, durable: false, exclusive: true)
            try await server.consume(queue: queue, noAck: true) { batch in
                server.publishAndForget(
                    batch.map {
                        AMQPMessage(
                            exchange: "", routingKey: $0.properties.replyTo ?? "",
                            properties: AMQPProperties(correlationID: $0.properties.correlationID), body: $0.body)
                    })
            }
            let replies = DeliveryStream()
            try await client.consume(queue: "amq.rabbitmq.reply-to", noAck: true, onBatch: replies.onBatch)
            try await client.confirmSelect()
            let request = AMQPMessage(
                exchange: "", routingKey: queue,
                properties: AMQPProperties(correlationID: "q", replyTo: "amq.rabbitmq.reply-to"), body: [4, 2])
            #expect(try await client.publish([request, request]) == [.confirmed, .confirmed])
            let answers = await replies.next(2)
            #expect(answers.map(\.body) == [[4, 2], [4, 2]])
            #expect(answers.allSatisfy { $0.properties.correlationID == "q" })
        }
    }

    @Test("a rejected delivery is redelivered and marked as such")
    func rejectedDelivery() async throws {
        try await LiveBroker.withChannel { _, channel in
            let queue = LiveBroker.name("again")
            try await channel.queueDeclare(queue, durable: false, exclusive: true)
            try await channel.publishUnconfirmed([AMQPMessage(exchange: "", routingKey: queue, body: [1])])
            let deliveries = DeliveryStream()
            try await channel.consume(queue: queue, onBatch: deliveries.onBatch)
            let first = try #require(await deliveries.next(1).first)
            channel.reject(first.deliveryTag, requeue: true)
            let second = try #require(await deliveries.next(1).first)
            #expect(second.redelivered)
            channel.nack(second.deliveryTag, requeue: false)
            #expect(try await channel.queueDelete(queue) == 0)
        }
    }

    @Test("deleting a queue cancels its consumer")
    func deletingQueue() async throws {
        try await LiveBroker.withChannel { connection, channel in
            let queue = LiveBroker.name("deleted")
            try await channel.queueDeclare(queue, durable: false)
            let deliveries = DeliveryStream()
            try await channel.consume(queue: queue, onBatch: deliveries.onBatch, onCancelled: deliveries.onCancelled)
            let other = try await connection.openChannel()
            try await other.queueDelete(queue)
            #expect(await deliveries.next(1).isEmpty)
            #expect(channel.isOpen)
        }
    }

    @Test("exceptions from the broker keep their words and end only the channel")
    func exceptionsBroker() async throws {
        try await LiveBroker.withChannel { connection, channel in
            let queue = LiveBroker.name("none")
            let missing = await #expect(throws: AMQPError.self) { try await channel.queueDeclare(queue, passive: true) }
            #expect(missing?.code == .notFound)
            #expect(missing?.replyCode == 404)
            #expect(missing?.replyText?.contains("no queue '\(queue)'") == true)
            #expect(!channel.isOpen)
            let ended = await channel.closed()
            #expect(ended?.code == .notFound)

            let second = try await connection.openChannel()
            try await second.queueDeclare(queue, durable: false, exclusive: true)
            let other = await #expect(throws: AMQPError.self) {
                try await second.queueDeclare(queue, durable: false, exclusive: true, arguments: ["x-max-length": 1])
            }
            #expect(other?.code == .preconditionFailed)
            #expect(other?.replyText?.contains("x-max-length") == true)

            let third = try await connection.openChannel()
            try await third.confirmSelect()
            let lost = await #expect(throws: AMQPError.self) {
                try await third.publish([AMQPMessage(exchange: LiveBroker.name("none"), routingKey: "", body: [])])
            }
            #expect(lost?.code == .notFound)

            let fourth = try await connection.openChannel()
            fourth.acknowledge(77)
            #expect(await fourth.closed()?.code == .preconditionFailed)
            #expect(connection.isOpen)
        }
    }

    @Test("many concurrent calls are answered in order")
    func manyConcurrent() async throws {
        try await LiveBroker.withChannel { _, channel in
            let names = (0..<50).map { _ in LiveBroker.name("at-once") }
            try await withThrowingTaskGroup(of: (String, String).self) { group in
                for name in names {
                    group.addTask {
                        (name, try await channel.queueDeclare(name, durable: false, exclusive: true).name)
                    }
                }
                for try await (asked, answered) in group { #expect(asked == answered) }
            }
        }
    }

    @Test("a wrong password and an unknown virtual host are distinguished")
    func wrongPassword() async throws {
        let refused = await #expect(throws: AMQPError.self) {
            try await LiveBroker.connect { $0.password = "not-the-password" }
        }
        #expect(refused?.code == .authenticationFailed)
        #expect(refused?.replyText?.contains("ACCESS_REFUSED") == true)
        #expect(refused.map { !"\($0)".contains("not-the-password") } == true)
        let missing = await #expect(throws: AMQPError.self) {
            try await LiveBroker.connect { $0.virtualHost = "there-is-none" }
        }
        #expect(missing?.code == .virtualHostUnavailable)
        #expect(missing?.replyText?.contains("not found") == true)
    }

    @Test("an orderly close reports no error, and later calls fail as closed")
    func orderlyClose() async throws {
        let connection = try await LiveBroker.connect()
        let channel = try await connection.openChannel()
        await connection.close()
        #expect(await connection.closed() == nil)
        #expect(!connection.isOpen)
        await connection.close()
        let late = await #expect(throws: AMQPError.self) { try await connection.openChannel() }
        #expect(late?.code == .connectionClosed)
        let call = await #expect(throws: AMQPError.self) { try await channel.qos(prefetch: 1) }
        #expect(call?.code == .connectionClosed)
    }

    @Test("text that is not UTF-8 passes through a real broker unchanged")
    func textUtf() async throws {
        try await LiveBroker.withChannel { _, channel in
            let queue = LiveBroker.name("odd")
            try await channel.queueDeclare(queue, durable: false, exclusive: true)
            try await channel.confirmSelect()
            var properties = AMQPProperties(messageID: "fine")
            properties.unreadable = [.init(name: .correlationID, bytes: [0xC3, 0x28])]
            #expect(
                try await channel.publish([
                    AMQPMessage(exchange: "", routingKey: queue, properties: properties, body: [])
                ]) == [.confirmed])
            let deliveries = DeliveryStream()
            try await channel.consume(queue: queue, noAck: true, onBatch: deliveries.onBatch)
            #expect(await deliveries.next(1).first?.properties == properties)
        }
    }
}
