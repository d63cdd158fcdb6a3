import NIOCore
import TestSupport
import Testing

@testable import AMQPNIO

/// A broker, or a man in the middle, that sends what no broker should. Whatever it sends, the connection ends with an
/// error that describes it, and the process survives.
@Suite struct HostileBrokerTests {
    private static let most = UInt64.max

    /// Sent to a client with a consumer `c` and confirms on channel 1, on which two messages were published.
    static let attacks: [(what: String, bytes: [UInt8])] = [
        (
            "a delivery tag twice",
            Server.delivery(1, "c", tag: 1, body: [1]) + Server.delivery(1, "c", tag: 1, body: [1])
        ),
        (
            "decreasing delivery tags",
            Server.delivery(1, "c", tag: 9, body: [1]) + Server.delivery(1, "c", tag: 8, body: [1])
        ),
        ("delivery tag 0", Server.delivery(1, "c", tag: 0, body: [1])),
        (
            "the largest delivery tag, and one after it",
            Server.delivery(1, "c", tag: most, body: []) + Server.delivery(1, "c", tag: 1, body: [])
        ),
        ("a confirm for a message that was never published", Server.ack(1, 3)),
        ("a confirm for the largest tag", Server.ack(1, most)),
        ("a confirm up to the largest tag", Server.ack(1, most, multiple: true)),
        ("a refusal up to the largest tag", Server.nack(1, most, multiple: true)),
        ("a confirm of tag 0 alone", Server.ack(1, 0)),
        ("an answer for another consumer", Server.consumeOK(1, "d")),
        ("a second answer for a consumer", Server.consumeOK(1, "c")),
        ("an unrequested cancellation", Server.cancelOK(1, "c")),
        ("a confirmed close of a channel that is open", Server.channelCloseOK(1)),
        ("a confirmed close of a connection that is open", Server.connectionCloseOK),
        ("a channel that was never opened", Server.delivery(65_535, "c", tag: 1, body: [1])),
        ("open-ok for a channel that was never opened", Server.channelOpenOK(2)),
        ("content before its method", Wire.header(1, bodySize: 1) + Wire.body(1, [1])),
        ("a content header on the connection", Wire.header(0, bodySize: 1)),
        ("a body on the connection", Wire.body(0, [1])),
        (
            "the largest body size, and another message before its end",
            Server.deliver(1, "c", tag: 1) + Wire.header(1, size: most) + Wire.body(1, [1])
                + Server.deliver(1, "c", tag: 2)
        ),
        (
            "a body where none was announced",
            Server.deliver(1, "c", tag: 1) + Wire.header(1, bodySize: 0) + Wire.body(1, [1])
        ),
        ("tune in the middle", Server.tune(frameMax: 0)),
        ("start in the middle", Server.start()),
        ("open-ok in the middle", Server.openOK),
        ("an answer to a topology call", Server.queueDeclareOK(1, "q", messages: .max, consumers: .max)),
        (
            "a content header whose frame lacks its end marker",
            Server.deliver(1, "c", tag: 1) + [2, 0, 1, 0, 6, 0, 0] + Wire.headerStart(size: 1)
                + [UInt8](repeating: 0, count: 0x60000 - 12) + [0xCD]
        ),
        (
            "a content header of another class, too large to be read",
            Server.deliver(1, "c", tag: 1) + [2, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 20)
        ),
    ]

    @Test("a protocol violation ends the connection and not the process", arguments: attacks)
    func protocolViolation(what: String, bytes: [UInt8]) throws {
        let client = try Client()
        try client.open()
        try client.broker.say(bytes)
        #expect(client.broker.endReason()??.code == .protocolViolation, "\(what)")
        #expect(!client.broker.isConnected)
        #expect(client.outcomes.values.count == 1)
    }

    /// Odd but allowed, or harmless.
    static let oddities: [(what: String, bytes: [UInt8])] = [
        ("a confirm that comes twice", Server.ack(1, 1) + Server.ack(1, 1) + Server.ack(1, 1, multiple: true)),
        ("a confirm and a refusal of one message", Server.ack(1, 2) + Server.nack(1, 2)),
        (
            "a confirm of everything, again and again",
            Server.ack(1, 0, multiple: true) + Server.ack(1, 0, multiple: true)
        ),
        (
            "a return of a message that was never published",
            Server.returned(1, exchange: "no", routingKey: "no", body: [1])
        ),
        ("a cancellation of an unknown consumer", Server.cancel(1, "nobody")),
        ("a heartbeat with a payload", Wire.frame(8, 1, [1, 2, 3])),
        (
            "an alarm twice, and its end twice",
            Server.blocked("a") + Server.blocked("b") + Server.unblocked + Server.unblocked
        ),
        ("delivery tags with gaps", [1, 2, 70, most].flatMap { Server.delivery(1, "c", tag: $0, body: []) }),
        (
            "the largest value of every number in the properties",
            Server.delivery(
                1, "c", tag: 1, body: [1],
                properties: Wire.build {
                    $0.u16(1 << 13 | 1 << 12 | 1 << 11 | 1 << 6)
                    $0.long(Wire.extremes)
                    $0.u8(255)
                    $0.u8(255)
                    $0.u64(most)
                })
        ),
        (
            "meaningless flags in the properties",
            Server.delivery(1, "c", tag: 1, body: [1], properties: [0, 1])
                + Server.delivery(1, "c", tag: 2, body: [1], properties: [0, 2])
                + Server.delivery(1, "c", tag: 3, body: [1], properties: [0x80, 3, 1, 0x61])
        ),
        (
            "empty body frames",
            Server.deliver(1, "c", tag: 1) + Wire.header(1, bodySize: 1) + Wire.body(1, []) + Wire.body(1, [])
                + Wire.body(1, [1])
        ),
        ("a delivery whose header and body are still to come", Server.deliver(1, "c", tag: 1)),
        (
            "the largest body size",
            Server.deliver(1, "c", tag: 1) + Wire.header(1, size: most) + Wire.body(1, [1])
        ),
    ]

    @Test("odd but valid input is harmless", arguments: oddities)
    func oddBut(what: String, bytes: [UInt8]) throws {
        let client = try Client()
        try client.open()
        try client.broker.say(bytes)
        #expect(client.broker.connection.isOpen, "\(what): \(String(describing: client.broker.endReason()))")
    }

    @Test(
        "odd limits are accepted or rejected, and never trap",
        arguments: [
            (UInt16(0), UInt32(0), UInt16(0)), (1, 4096, 1), (65_535, .max, 65_535), (0, 131_072, 1), (65_535, 4096, 0),
        ])
    func oddLimits(channels: UInt16, frame: UInt32, heartbeat: UInt16)
        throws
    {
        let broker = try ScriptedBroker { $0.heartbeat = .seconds(10) }
        try broker.say(Server.start(), Server.tune(channelMax: channels, frameMax: frame, heartbeat: heartbeat))
        try broker.say(Server.openOK)
        #expect(broker.connection.isOpen)
        _ = broker.sentBytes()
        let channel = try broker.openChannel()
        #expect(channel.isOpen)
        broker.advance(.seconds(60))
        #expect(broker.endReason()??.code == .heartbeatMissed)
    }

    @Test("a greeting that nests endlessly does not crash the process")
    func greetingNests() throws {
        var table: [UInt8] = []
        for _ in 0..<15_000 {
            table = Wire.build {
                $0.short("")
                $0.u8(UInt8(ascii: "F"))
                $0.long(table)
            }
        }
        let broker = try ScriptedBroker()
        try broker.say(
            Wire.method(0, 10, 10) {
                $0.u8(0)
                $0.u8(9)
                $0.long(table)
                $0.long(Array("PLAIN".utf8))
                $0.long([])
            })
        #expect(broker.handshakeError()?.code == .handshakeFailed)
    }

    @Test("a server's name for itself does not fill a log")
    func serversName() throws {
        let broker = try ScriptedBroker()
        try broker.say(Server.start(mechanisms: String(repeating: "x", count: 100_000)))
        #expect(try #require(broker.handshakeError()).message.utf8.count < 400)
    }

    // MARK: headers

    /// The way RabbitMQ sends one to which it added `x-death` or `x-delivery-count`: tried with 3.10, see
    /// LiveBrokerTests.
    @Test("a content header larger than a frame is read")
    func contentHeader() throws {
        let client = try Client()
        try client.open()
        let properties = Wire.properties(padding: 131_072)
        try client.broker.say(Server.delivery(1, "c", tag: 1, body: [1, 2], properties: properties))
        let delivery = try #require(client.deliveries.first)
        #expect(delivery.properties.headers?["pad"]?.string?.utf8.count == 131_072)
        #expect(delivery.body == [1, 2])
        #expect(client.broker.connection.isOpen)
    }

    @Test("an oversized content header costs its properties and not the connection", arguments: [1, 100_000])
    func oversizedContent(piece: Int) throws {
        let client = try Client()
        try client.open()
        let count = piece == 1 ? 262_200 : 3_000_000
        let bytes =
            Server.delivery(1, "c", tag: 1, body: [1, 2], properties: Wire.properties(padding: count))
            + Server.delivery(1, "c", tag: 2, body: [3])
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try client.broker.say(Array(bytes[start..<min(start + piece, bytes.count)]))
        }
        #expect(client.deliveries.map(\.body) == [[1, 2], [3]])
        let delivery = try #require(client.deliveries.first)
        #expect(delivery.properties.unreadable.map(\.name) == [.properties])
        #expect(delivery.heldBytes < 1000)
        #expect(client.deliveries.last?.properties.unreadable.isEmpty == true)
    }

    @Test("headers with very many values are not read")
    func headersVery() throws {
        let client = try Client()
        try client.open()
        let values = Wire.build {
            $0.u16(1 << 13)
            $0.long(
                Wire.build {
                    $0.short("a")
                    $0.u8(UInt8(ascii: "A"))
                    $0.long([UInt8](repeating: UInt8(ascii: "V"), count: 100_000))
                })
        }
        try client.broker.say(Server.delivery(1, "c", tag: 1, body: [1], properties: values))
        let delivery = try #require(client.deliveries.first)
        #expect(delivery.properties.unreadable.map(\.name) == [.headers])
        #expect(delivery.heldBytes < 2 * values.count)
    }

    @Test("our headers leave the broker room to add to them")
    func ourHeaders() throws {
        let client = try Client()
        try client.open()
        for (count, fits) in [(122_700, true), (123_000, false)] {
            var message = AMQPMessage(exchange: "e", routingKey: "k", body: [1])
            message.properties.headers = ["pad": .bytes([UInt8](repeating: 0, count: count))]
            let outcomes = Recorder<[AMQPPublishOutcome]>()
            client.channel?.outcomes(publishing: [message]) { outcomes.add($0) }
            _ = client.broker.writes()
            #expect(outcomes.values.isEmpty == fits)
        }
    }
}

// MARK: - Damaged conversations

extension HostileBrokerTests {
    /// Everything a broker sends in a well-formed conversation, damaged: bytes and numbers changed, frames dropped,
    /// duplicated and swapped. Nothing may trap, and every pending call must get an answer.
    @Test("a damaged conversation never traps, and leaves no call waiting", arguments: 0..<8)
    func damagedConversation(part: UInt64) throws {
        for number in 0..<750 {
            let seed = part * 1_000_000 + UInt64(number)
            var random = SeededRandom(seed: seed)
            let client = try Client()
            var script = client.script
            script += Self.traffic.map { ({}, $0) }
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let step = Int.random(in: 0..<script.count, using: &random)
                Self.damage(&script, at: step, &random)
            }
            for (act, answer) in script {
                try act()
                var rest = answer[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...max(1, answer.count), using: &random))
                    try client.broker.say(Array(piece))
                    rest = rest.dropFirst(piece.count)
                }
                _ = client.broker.writes()
            }
            client.broker.handler.close()
            client.broker.advance(.minutes(20))
            #expect(client.broker.hasEnded, "seed \(seed)")
            #expect(client.outcomes.values.count <= 1, "seed \(seed)")
            if client.channel != nil { #expect(client.outcomes.values.count == 1, "seed \(seed)") }
        }
    }

    private static let traffic: [[UInt8]] = [
        Server.delivery(1, "c", tag: 1, body: [1, 2, 3], properties: Wire.everything),
        Server.ack(1, 1),
        Server.blocked("low on memory"),
        Server.delivery(1, "c", tag: 2, body: [UInt8](repeating: 7, count: 300)),
        Server.unblocked,
        Server.returned(1, exchange: "e", routingKey: "k", body: [2], properties: Wire.everything),
        Server.nack(1, 2),
        Wire.heartbeat,
        Server.delivery(1, "c", tag: 3, body: []),
        Server.ack(1, 2, multiple: true),
        Server.cancel(1, "c"),
        Server.close(1, 406, "PRECONDITION_FAILED - unknown delivery tag 9"),
        Server.close(0, 320, "CONNECTION_FORCED"),
    ]

    private static func damage(
        _ script: inout [(act: () throws -> Void, answer: [UInt8])], at step: Int, _ random: inout SeededRandom
    ) {
        let other = Int.random(in: 0..<script.count, using: &random)
        let count = script[step].answer.count
        switch Int.random(in: 0..<8, using: &random) {
        case 0: script[step].answer = []
        case 1: script[step].answer += script[step].answer
        case 2:
            let answer = script[step].answer
            script[step].answer = script[other].answer
            script[other].answer = answer
        case 3: script[step].answer += script[other].answer
        case 4 where count > 0:
            script[step].answer = Array(script[step].answer.prefix(Int.random(in: 0..<count, using: &random)))
        case 5 where count >= 8:
            // An extreme value for a number, wherever there is one.
            let width = [1, 2, 4, 8].randomElement(using: &random) ?? 1
            let start = Int.random(in: 0...(count - width), using: &random)
            let value: UInt8 = [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            script[step].answer.replaceSubrange(start..<(start + width), with: [UInt8](repeating: value, count: width))
        case 6 where count > 0:
            script[step].answer.remove(at: Int.random(in: 0..<count, using: &random))
        default:
            for _ in 0..<Int.random(in: 1...4, using: &random) where count > 0 {
                script[step].answer[Int.random(in: 0..<count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
        }
    }
}

extension Wire {
    /// The beginning of a content header.
    fileprivate static func headerStart(size: UInt64) -> [UInt8] {
        build {
            $0.u16(60)
            $0.u16(0)
            $0.u64(size)
        }
    }

    fileprivate static func header(_ channel: UInt16, size: UInt64) -> [UInt8] {
        frame(2, channel, headerStart(size: size) + [0, 0])
    }

    /// Properties with one header of this many bytes.
    fileprivate static func properties(padding count: Int) -> [UInt8] {
        build {
            $0.u16(1 << 13)
            $0.long(
                build {
                    $0.short("pad")
                    $0.u8(UInt8(ascii: "S"))
                    $0.long([UInt8](repeating: 0x61, count: count))
                })
        }
    }

    /// A table with the largest number of every kind, and with values that are not numbers.
    fileprivate static let extremes: [UInt8] = build { wire in
        for (kind, width) in [
            ("t", 1), ("b", 1), ("B", 1), ("s", 2), ("u", 2), ("I", 4), ("i", 4), ("f", 4), ("D", 5), ("l", 8),
            ("L", 8),
            ("d", 8), ("T", 8), ("V", 0),
        ] {
            for byte: UInt8 in [0, 0x7F, 0x80, 0xFF] {
                wire.short(kind)
                wire.bytes += Array(kind.utf8) + [UInt8](repeating: byte, count: width)
            }
        }
    }

    /// Every property.
    fileprivate static let everything: [UInt8] = build {
        $0.u16(0xFFFC)
        $0.short("application/json")
        $0.short("gzip")
        $0.long(extremes)
        $0.bytes += [2, 5]
        for text in ["c", "r", "1", "m"] { $0.short(text) }
        $0.u64(1)
        for text in ["t", "u", "a", "k"] { $0.short(text) }
    }
}
