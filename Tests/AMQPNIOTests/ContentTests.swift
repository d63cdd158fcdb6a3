import NIOCore
import Testing

@testable import AMQPNIO

@Suite struct ContentTests {
    /// Sizes around one frame of 4096 bytes, 4088 of them payload.
    static let sizes = [0, 1, 4087, 4088, 4089, 8176, 8177, 20_000]

    @Test("a body of any size arrives complete", arguments: sizes)
    func bodySize(size: Int) throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let broker = try ScriptedBroker.open(frameMax: 4096)
        let recorder = try broker.consume(try broker.openChannel())
        try broker.say(Server.delivery(1, "c", tag: 7, body: body, frameMax: 4096))
        let delivery = try #require(recorder.deliveries.first)
        #expect(delivery.body == body)
        #expect(delivery.bodySize == UInt64(size))
        #expect(!delivery.isTruncated)
    }

    @Test("a body of any size is published in frames of the negotiated size", arguments: sizes)
    func bodySizePublished(size: Int) throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let broker = try ScriptedBroker.open(frameMax: 4096)
        let channel = try broker.openChannel()
        channel.publishAndForget([AMQPMessage(exchange: "e", routingKey: "k", mandatory: true, body: body)])
        let frames = broker.sent()
        #expect(frames[0].payload == [0, 60, 0, 40, 0, 0, 1, 101, 1, 107, 1])
        #expect(
            frames[1].payload
                == Wire.build {
                    $0.u16(60)
                    $0.u16(0)
                    $0.u64(UInt64(size))
                    $0.u16(0)
                })
        let fragments = frames.dropFirst(2)
        // No body frame for an empty body, and no empty frame after an exact multiple: rabbitmq-c's own publish waits
        // for one there.
        #expect(fragments.count == (size + 4087) / 4088)
        #expect(fragments.allSatisfy { $0.name == "body" && $0.payload.count <= 4088 && !$0.payload.isEmpty })
        #expect(fragments.flatMap(\.payload) == body)
    }

    @Test("a body over the limit is truncated and marked as truncated")
    func bodyOver() throws {
        let broker = try ScriptedBroker.open(frameMax: 4096) { $0.retainedBodyBytes = 5000 }
        let recorder = try broker.consume(try broker.openChannel())
        let body = (0..<9000).map { UInt8(truncatingIfNeeded: $0) }
        try broker.say(
            Server.delivery(1, "c", tag: 1, body: body, frameMax: 4096), Server.delivery(1, "c", tag: 2, body: [9]))
        #expect(recorder.deliveries.map(\.isTruncated) == [true, false])
        #expect(recorder.deliveries[0].body == Array(body[..<5000]))
        #expect(recorder.deliveries[0].bodySize == 9000)
    }

    @Test("an announced body size reserves no memory by itself")
    func announcedBody() throws {
        let broker = try ScriptedBroker.open()
        let recorder = try broker.consume(try broker.openChannel())
        try broker.say(
            Server.deliver(1, "c", tag: 1), Wire.header(1, bodySize: Int.max), Wire.body(1, [1, 2, 3]))
        #expect(recorder.deliveries.isEmpty)
        #expect(broker.connection.isOpen)
    }

    @Test("messages of several channels may be interleaved")
    func messagesSeveral() throws {
        let broker = try ScriptedBroker.open()
        let one = try broker.consume(try broker.openChannel(), id: 1, tag: "c")
        let two = try broker.consume(try broker.openChannel(), id: 2, tag: "c")
        try broker.say(
            Server.deliver(1, "c", tag: 1), Server.deliver(2, "c", tag: 1), Wire.header(2, bodySize: 2),
            Wire.header(1, bodySize: 2), Wire.body(1, [1]), Wire.heartbeat, Wire.body(2, [2, 2]), Wire.body(1, [1]))
        #expect(one.deliveries.map(\.body) == [[1, 1]])
        #expect(two.deliveries.map(\.body) == [[2, 2]])
    }

    @Test("one socket read yields one batch, answered in one write")
    func socketRead() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let batches = Recorder<Int>()
        channel.onLoop { core in
            core.consume(
                queue: "q", tag: "c", noAck: false, exclusive: false, arguments: [:],
                onBatch: { batch in
                    batches.add(batch.count)
                    channel.publishAndForget(batch.map { AMQPMessage(exchange: "", routingKey: "r", body: $0.body) })
                    channel.acknowledge(batch[batch.count - 1].deliveryTag, multiple: true)
                }, onCancelled: {}
            ) { _ in }
        }
        _ = broker.writes()
        try broker.say(Server.consumeOK(1, "c"), (1...100).flatMap { Server.delivery(1, "c", tag: $0, body: [1]) })
        #expect(batches.values == [100])
        let writes = broker.writes()
        #expect(writes.count == 1)
        let frames = ClientFrame.parse(writes[0])
        #expect(frames.count == 301)
        #expect(frames.last?.payload == [0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 100, 1])
    }

    @Test("a very long read is delivered in bounded batches, in order")
    func veryLong() throws {
        let broker = try ScriptedBroker.open()
        let recorder = try broker.consume(try broker.openChannel())
        try broker.say((1...1300).flatMap { Server.delivery(1, "c", tag: $0, body: []) })
        #expect(recorder.batches.values.map(\.count) == [512, 512, 276])
        #expect(recorder.deliveries.map(\.deliveryTag) == Array(1...1300))
    }

    @Test("everything sent in one turn of the event loop leaves in one write")
    func everythingSent() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        channel.acknowledge(1)
        channel.reject(2, requeue: true)
        channel.nack(3, multiple: true, requeue: false)
        channel.publishAndForget([AMQPMessage(exchange: "", routingKey: "q", body: [])])
        let writes = broker.writes()
        #expect(writes.count == 1)
        let frames = ClientFrame.parse(writes[0])
        #expect(frames.names == ["60.80@1", "60.90@1", "60.120@1", "60.40@1", "header@1"])
        #expect(frames[0].payload.suffix(9) == [0, 0, 0, 0, 0, 0, 0, 1, 0])
        #expect(frames[1].payload.suffix(9) == [0, 0, 0, 0, 0, 0, 0, 2, 1])
        #expect(frames[2].payload.suffix(9) == [0, 0, 0, 0, 0, 0, 0, 3, 1])
    }

    @Test("a delivery whose address is not UTF-8 is marked unreadable")
    func deliveryWhose() throws {
        let broker = try ScriptedBroker.open()
        let recorder = try broker.consume(try broker.openChannel())
        try broker.say(Server.deliver(1, "c", tag: 1, routingKey: [0xFF, 0xFE]), Wire.header(1, bodySize: 0))
        try broker.say(Server.deliver(1, "c", tag: 2), Wire.header(1, bodySize: 0))
        #expect(recorder.deliveries.map(\.addressIsReadable) == [false, true])
        #expect(recorder.deliveries.map(\.routingKey) == ["", "k"])
    }
}
