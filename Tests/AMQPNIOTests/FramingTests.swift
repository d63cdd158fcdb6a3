import NIOCore
import TestSupport
import Testing

@testable import AMQPNIO

@Suite struct FramingTests {
    @Test("a transcript may be split at every byte boundary")
    func transcriptMay() throws {
        let body = Array("hello".utf8)
        let transcript =
            Server.delivery(1, "c", tag: 1, body: body) + Wire.heartbeat + Server.delivery(1, "c", tag: 2, body: [])
            + Server.ack(1, 1)
        for split in 1..<transcript.count {
            let broker = try ScriptedBroker.open()
            let channel = try broker.openChannel(confirms: true)
            let recorder = try broker.consume(channel)
            let outcomes = Recorder<Result<[AMQPPublishOutcome], AMQPError>>()
            channel.publish([AMQPMessage(exchange: "", routingKey: "q", body: [1])]) { outcomes.add($0) }
            try broker.say(Array(transcript[..<split]))
            try broker.say(Array(transcript[split...]))
            #expect(recorder.deliveries.map(\.body) == [body, []], "split at \(split)")
            #expect(recorder.deliveries.map(\.deliveryTag) == [1, 2])
            #expect(try outcomes.values.map { try $0.get() } == [[.confirmed]], "split at \(split)")
        }
    }

    @Test("a transcript may arrive byte by byte")
    func transcriptMayArrive() throws {
        let broker = try ScriptedBroker.open()
        let recorder = try broker.consume(try broker.openChannel())
        for byte in Server.delivery(1, "c", tag: 1, body: Array(0...255)) { try broker.say([byte]) }
        #expect(recorder.deliveries.map(\.body) == [Array(0...255)])
    }

    static let nonsense: [(what: String, bytes: [UInt8])] = [
        ("a method frame shorter than its number", Wire.frame(1, 1, [0, 60, 0])),
        ("an empty method frame", Wire.frame(1, 0, [])),
        ("a content header shorter than its fixed part", Wire.frame(2, 1, [0, 60, 0, 0])),
        ("a frame type that does not exist", [7, 0, 0, 0, 0, 0, 0, 0xCE]),
        ("a frame larger than negotiated", [1, 0, 0, 0, 2, 0, 0]),
        ("a frame whose length has the top bit set", [1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]),
        ("a wrong end marker", [8, 0, 0, 0, 0, 0, 0, 0xCD]),
        ("a method that does not exist", Wire.method(1, 60, 99)),
        ("a method only clients send", Wire.method(1, 50, 10) { $0.bytes += [0, 0, 1, 113, 0, 0, 0, 0, 0] }),
        ("a truncated method", Wire.method(1, 60, 60) { $0.bytes += [200, 1] }),
        ("a channel that is not open", Server.ack(9, 1)),
        ("a delivery for no consumer", Server.delivery(1, "nobody", tag: 1, body: [1])),
        ("a header that nothing announced", Wire.header(1, bodySize: 1)),
        ("a body that nothing announced", Wire.body(1, [1])),
        (
            "a header of another class",
            Server.deliver(1, "c", tag: 1) + Wire.frame(2, 1, [0, 90] + Array(repeating: 0, count: 12))
        ),
        ("two headers", Server.deliver(1, "c", tag: 1) + Wire.header(1, bodySize: 1) + Wire.header(1, bodySize: 1)),
        (
            "a body longer than announced",
            Server.deliver(1, "c", tag: 1) + Wire.header(1, bodySize: 1) + Wire.body(1, [1, 2])
        ),
        ("a method within a message", Server.deliver(1, "c", tag: 1) + Server.ack(1, 1)),
        ("an answer without a call", Server.qosOK(1)),
        ("a confirm on a channel without confirms", Server.ack(1, 1)),
        (
            "properties with a second word of flags",
            Server.deliver(1, "c", tag: 1) + Wire.header(1, bodySize: 0, properties: [0, 1, 0, 0])
        ),
        (
            "truncated properties",
            Server.deliver(1, "c", tag: 1) + Wire.header(1, bodySize: 0, properties: [0x80, 0, 9, 1])
        ),
        (
            "headers longer than the frame",
            Server.deliver(1, "c", tag: 1) + Wire.header(1, bodySize: 0, properties: [0x20, 0, 0, 0, 0, 9])
        ),
    ]

    @Test("nonsensical bytes close the connection", arguments: nonsense)
    func nonsensicalBytes(what: String, bytes: [UInt8]) throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        _ = try broker.consume(channel)
        try broker.say(bytes)
        #expect(broker.endReason()??.code == .protocolViolation, "\(what)")
        #expect(!broker.isConnected)
        #expect(!channel.isOpen)
        #expect(!broker.connection.isOpen)
    }

    @Test("random bytes never do worse than close the connection")
    func randomBytes() throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<2000 {
            let broker = try ScriptedBroker.open()
            _ = try broker.consume(try broker.openChannel())
            // Half of them are well framed, to get past the frame layer.
            let payload = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let type = [UInt8(1), 2, 3, 8].randomElement(using: &random)!
            let bytes =
                Bool.random(using: &random)
                ? payload : Wire.frame(type, UInt16.random(in: 0...2, using: &random), payload)
            try broker.say(Server.deliver(1, "c", tag: 1), bytes)
        }
    }

    @Test("damaged deliveries never do worse than close the connection")
    func damagedDeliveries() throws {
        var random = SeededRandom(seed: 12)
        let properties = Wire.build {
            $0.u16(0xFFFC)
            $0.short("application/json")
            $0.short("gzip")
            $0.long(
                Wire.build {
                    $0.short("t")
                    $0.u8(UInt8(ascii: "F"))
                    $0.long([1, 97, UInt8(ascii: "t"), 1])
                    $0.short("a")
                    $0.u8(UInt8(ascii: "A"))
                    $0.long([UInt8(ascii: "b"), 1, UInt8(ascii: "V")])
                })
            $0.bytes += [2, 5]
            for text in ["c", "r", "1", "m"] { $0.short(text) }
            $0.u64(1)
            for text in ["t", "u", "a", "k"] { $0.short(text) }
        }
        let whole = Server.delivery(1, "c", tag: 1, body: [1, 2, 3], properties: properties)
        for _ in 0..<5000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let broker = try ScriptedBroker.open()
            _ = try broker.consume(try broker.openChannel())
            try broker.say(bytes)
        }
    }
}
