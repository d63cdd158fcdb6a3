import NIOCore
import Testing

@testable import AMQPNIO

@Suite struct PropertiesTests {
    /// How a consumer sees a delivery with these properties on the wire.
    private func received(_ wire: [UInt8]) throws -> AMQPProperties {
        let broker = try ScriptedBroker.open()
        let recorder = try broker.consume(try broker.openChannel())
        try broker.say(Server.delivery(1, "c", tag: 1, body: [], properties: wire))
        return try #require(recorder.deliveries.first, "\(String(describing: broker.endReason()))").properties
    }

    /// The properties on the wire of a published message.
    private func sent(_ properties: AMQPProperties) throws -> [UInt8] {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        channel.publishAndForget([AMQPMessage(exchange: "", routingKey: "q", properties: properties, body: [])])
        return Array(try #require(broker.sent().first { $0.name == "header" }).payload.dropFirst(12))
    }

    private static let full = AMQPProperties(
        contentType: "application/json", contentEncoding: "gzip",
        headers: [
            "bool": true, "i8": .int8(-8), "u8": .uint8(200), "i16": .int16(-1600), "u16": .uint16(60_000),
            "i32": .int32(-320_000), "u32": .uint32(4_000_000_000), "i64": .int64(.min), "float": .float(1.5),
            "double": .double(-2.25), "decimal": .decimal(scale: 2, value: 12_345), "text": "Grüße",
            "opaque": .opaqueString([0xFF, 0x00]), "bytes": .bytes([1, 2, 3]), "time": .timestamp(1_700_000_000),
            "array": .array([1, "two", .array([.void]), .table(["x": false])]),
            "table": .table(["inner": .table([:])]), "void": .void, "": "empty name",
        ], deliveryMode: 2, priority: 9, correlationID: "corr", replyTo: "amq.rabbitmq.reply-to",
        expiration: "60000", messageID: "id-1", timestamp: 1_800_000_000, type: "session.create", userID: "guest",
        appID: "app", clusterID: "cluster")

    @Test("every property survives encoding and decoding")
    func everyProperty() throws {
        #expect(try received(try sent(Self.full)) == Self.full)
        #expect(try received(try sent(AMQPProperties())) == AMQPProperties())
        #expect(try sent(AMQPProperties()) == [0, 0])
    }

    @Test("each property is encoded where the specification puts it")
    func propertyEncoded() throws {
        let wire = try sent(
            AMQPProperties(
                contentType: "ct", headers: ["h": "v"], deliveryMode: 2, replyTo: "rt", timestamp: 258, appID: "app"))
        #expect(
            wire
                == Wire.build {
                    $0.u16(1 << 15 | 1 << 13 | 1 << 12 | 1 << 9 | 1 << 6 | 1 << 3)
                    $0.short("ct")
                    $0.long([1, UInt8(ascii: "h"), UInt8(ascii: "S"), 0, 0, 0, 1, UInt8(ascii: "v")])
                    $0.u8(2)
                    $0.short("rt")
                    $0.u64(258)
                    $0.short("app")
                })
    }

    @Test("text that is not UTF-8 is marked unreadable and republished byte for byte")
    func textUtf() throws {
        let wire = Wire.build {
            $0.u16(1 << 10 | 1 << 7 | 1 << 5)
            // If repaired, three invalid bytes become one replacement character of three bytes: the same length.
            $0.short([0xF0, 0x9F, 0x98])
            $0.short("fine")
            $0.short([0xC3])
        }
        let properties = try received(wire)
        #expect(properties.correlationID == nil)
        #expect(properties.messageID == "fine")
        #expect(properties.type == nil)
        #expect(properties.unreadable.map(\.name) == [.correlationID, .type])
        #expect(properties.unreadableBytes(.correlationID) == [0xF0, 0x9F, 0x98])
        #expect(properties.unreadableBytes(.messageID) == nil)
        #expect(try sent(properties) == wire)
        var corrected = properties
        corrected.type = "known"
        #expect(try received(try sent(corrected)).type == "known")
    }

    private static func nested(_ depth: Int, _ kind: Character) -> [UInt8] {
        // Innermost first; each level is one entry with an empty name (an array has none).
        var content: [UInt8] = []
        for _ in 1..<depth {
            content = Wire.build {
                if kind == "F" || content.isEmpty { $0.short("") }
                $0.u8(kind.asciiValue!)
                $0.long(content)
            }
        }
        return content
    }

    @Test(
        "header tables are decoded up to a depth and no further",
        arguments: [("F", 16, true), ("F", 17, false), ("F", 15_000, false)])
    func headerTables(kind: String, depth: Int, readable: Bool) throws {
        let table = Self.nested(depth, Character(kind))
        let properties = try received(
            Wire.build {
                $0.u16(1 << 15 | 1 << 13 | 1 << 7)
                $0.short("ct")
                $0.long(table)
                $0.short("id")
            })
        #expect((properties.headers != nil) == readable)
        #expect(properties.contentType == "ct")
        #expect(properties.messageID == "id")
        #expect((properties.unreadableBytes(.headers) == nil) == readable)
        if !readable { #expect(properties.unreadableBytes(.headers)?.count == table.count + 4) }
        // Unreadable headers are omitted when publishing.
        #expect(try received(try sent(properties)).headers == properties.headers)
    }

    @Test("the nesting of arrays is bounded too")
    func nestingArrays() throws {
        var value: [UInt8] = [UInt8(ascii: "V")]
        for _ in 0..<20_000 {
            value = Wire.build {
                $0.u8(UInt8(ascii: "A"))
                $0.long(value)
            }
        }
        let properties = try received(
            Wire.build {
                $0.u16(1 << 13)
                $0.long([1, UInt8(ascii: "a")] + value)
            })
        #expect(properties.unreadable.map(\.name) == [.headers])
    }

    @Test(
        "unreadable headers cost the headers and nothing else",
        arguments: [
            ("an unknown type", [1, 97, UInt8(ascii: "?"), 0]),
            ("a name longer than the table", [200, 97]),
            ("a truncated value", [1, 97, UInt8(ascii: "l"), 0, 0]),
            ("a string longer than the table", [1, 97, UInt8(ascii: "S"), 0, 0, 0, 9, 1]),
            ("a table longer than its parent", [1, 97, UInt8(ascii: "F"), 0, 0, 0, 1]),
            ("an array with a broken value", [1, 97, UInt8(ascii: "A"), 0, 0, 0, 1, UInt8(ascii: "I")]),
            ("a name without a value", [1, 97]),
            ("a name that is not UTF-8", [1, 0xFF, UInt8(ascii: "V")]),
        ] as [(String, [UInt8])])
    func unreadableHeaders(what: String, table: [UInt8]) throws {
        let properties = try received(
            Wire.build {
                $0.u16(1 << 13 | 1 << 7)
                $0.long(table)
                $0.short("id")
            })
        #expect(properties.headers == nil, "\(what)")
        #expect(properties.unreadableBytes(.headers) == [0, 0, 0, UInt8(table.count)] + table)
        #expect(properties.messageID == "id")
    }

    @Test("a copy does not change when its original does")
    func copyChange() {
        var original = AMQPProperties(messageID: "1")
        let copy = original
        original.messageID = "2"
        original.unreadable = [.init(name: .type, bytes: [0xFF])]
        #expect(copy.messageID == "1")
        #expect(copy.unreadable.isEmpty)
        #expect(original != copy)
        #expect(Set([copy, AMQPProperties(messageID: "1")]).count == 1)
    }

    @Test("a table finds, sets and removes by name")
    func tableFinds() {
        var table: AMQPTable = ["a": 1, "b": "two"]
        table.entries.append(.init("a", 3))
        #expect(table["a"]?.integer == 1)
        #expect(table["b"]?.string == "two")
        table["c"] = true
        table["b"] = .int32(5)
        #expect(table.entries.map(\.name) == ["a", "b", "a", "c"])
        #expect(table["b"]?.integer == 5)
        table["a"] = nil
        #expect(table["a"] == nil)
        #expect(AMQPValue.uint64(.max).integer == nil)
    }
}
