import NIOCore

/// An independent hand-written encoding of the wire format, to check what rabbitmq-c encodes and decodes.
struct Wire {
    var bytes: [UInt8] = []

    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u16(_ value: UInt16) { bytes += [UInt8(value >> 8), UInt8(value & 0xFF)] }
    mutating func u32(_ value: UInt32) { for shift in [24, 16, 8, 0] { u8(UInt8(value >> UInt32(shift) & 0xFF)) } }
    mutating func u64(_ value: UInt64) { for shift in [32, 0] { u32(UInt32(value >> UInt64(shift) & 0xFFFF_FFFF)) } }
    mutating func short(_ text: String) { short(Array(text.utf8)) }
    mutating func short(_ content: [UInt8]) {
        u8(UInt8(content.count))
        bytes += content
    }
    mutating func long(_ content: [UInt8]) {
        u32(UInt32(content.count))
        bytes += content
    }

    static func build(_ fill: (inout Wire) -> Void) -> [UInt8] {
        var wire = Wire()
        fill(&wire)
        return wire.bytes
    }

    static func frame(_ type: UInt8, _ channel: UInt16, _ payload: [UInt8]) -> [UInt8] {
        build {
            $0.u8(type)
            $0.u16(channel)
            $0.long(payload)
            $0.u8(0xCE)
        }
    }

    static func method(
        _ channel: UInt16, _ classID: UInt16, _ methodID: UInt16, _ fill: (inout Wire) -> Void = { _ in }
    ) -> [UInt8] {
        frame(
            1, channel,
            build {
                $0.u16(classID)
                $0.u16(methodID)
                fill(&$0)
            })
    }

    static func header(_ channel: UInt16, bodySize: Int, properties: [UInt8] = [0, 0]) -> [UInt8] {
        frame(
            2, channel,
            build {
                $0.u16(60)
                $0.u16(0)
                $0.u64(UInt64(bodySize))
                $0.bytes += properties
            })
    }

    static func body(_ channel: UInt16, _ bytes: [UInt8]) -> [UInt8] { frame(3, channel, bytes) }

    static let heartbeat = frame(8, 0, [])
}

/// The broker's messages, by name.
enum Server {
    static func start(mechanisms: String = "AMQPLAIN PLAIN", major: UInt8 = 0, minor: UInt8 = 9) -> [UInt8] {
        Wire.method(0, 10, 10) {
            $0.u8(major)
            $0.u8(minor)
            $0.long(
                Wire.build {
                    $0.short("product")
                    $0.u8(UInt8(ascii: "S"))
                    $0.long(Array("RabbitMQ".utf8))
                    $0.short("version")
                    $0.u8(UInt8(ascii: "S"))
                    $0.long(Array("3.10.8".utf8))
                })
            $0.long(Array(mechanisms.utf8))
            $0.long(Array("en_US".utf8))
        }
    }

    static func tune(channelMax: UInt16 = 2047, frameMax: UInt32 = 131_072, heartbeat: UInt16 = 60) -> [UInt8] {
        Wire.method(0, 10, 30) {
            $0.u16(channelMax)
            $0.u32(frameMax)
            $0.u16(heartbeat)
        }
    }

    static let openOK = Wire.method(0, 10, 41) { $0.short("") }

    static func close(_ channel: UInt16, _ code: UInt16, _ text: String) -> [UInt8] {
        Wire.method(channel, channel == 0 ? 10 : 20, channel == 0 ? 50 : 40) {
            $0.u16(code)
            $0.short(text)
            $0.u16(0)
            $0.u16(0)
        }
    }

    static let connectionCloseOK = Wire.method(0, 10, 51)
    static func channelCloseOK(_ channel: UInt16) -> [UInt8] { Wire.method(channel, 20, 41) }
    static func channelOpenOK(_ channel: UInt16) -> [UInt8] { Wire.method(channel, 20, 11) { $0.long([]) } }
    static func blocked(_ reason: String) -> [UInt8] { Wire.method(0, 10, 60) { $0.short(reason) } }
    static let unblocked = Wire.method(0, 10, 61)
    static func confirmSelectOK(_ channel: UInt16) -> [UInt8] { Wire.method(channel, 85, 11) }
    static func qosOK(_ channel: UInt16) -> [UInt8] { Wire.method(channel, 60, 11) }
    static func consumeOK(_ channel: UInt16, _ tag: String) -> [UInt8] {
        Wire.method(channel, 60, 21) { $0.short(tag) }
    }
    static func cancel(_ channel: UInt16, _ tag: String) -> [UInt8] {
        Wire.method(channel, 60, 30) {
            $0.short(tag)
            $0.u8(1)
        }
    }
    static func cancelOK(_ channel: UInt16, _ tag: String) -> [UInt8] { Wire.method(channel, 60, 31) { $0.short(tag) } }

    static func queueDeclareOK(_ channel: UInt16, _ name: String, messages: UInt32, consumers: UInt32) -> [UInt8] {
        Wire.method(channel, 50, 11) {
            $0.short(name)
            $0.u32(messages)
            $0.u32(consumers)
        }
    }

    static func ack(_ channel: UInt16, _ tag: UInt64, multiple: Bool = false) -> [UInt8] {
        Wire.method(channel, 60, 80) {
            $0.u64(tag)
            $0.u8(multiple ? 1 : 0)
        }
    }

    static func nack(_ channel: UInt16, _ tag: UInt64, multiple: Bool = false) -> [UInt8] {
        Wire.method(channel, 60, 120) {
            $0.u64(tag)
            $0.u8(multiple ? 1 : 0)
        }
    }

    static func deliver(
        _ channel: UInt16, _ consumer: String, tag: UInt64, exchange: [UInt8] = Array("e".utf8),
        routingKey: [UInt8] = Array("k".utf8)
    ) -> [UInt8] {
        Wire.method(channel, 60, 60) {
            $0.short(consumer)
            $0.u64(tag)
            $0.u8(0)
            $0.short(exchange)
            $0.short(routingKey)
        }
    }

    /// A complete delivery, its body split into frames.
    static func delivery(
        _ channel: UInt16, _ consumer: String, tag: UInt64, body: [UInt8], frameMax: Int = 131_072,
        properties: [UInt8] = [0, 0]
    ) -> [UInt8] {
        var bytes = deliver(channel, consumer, tag: tag)
        bytes += Wire.header(channel, bodySize: body.count, properties: properties)
        for start in stride(from: 0, to: body.count, by: frameMax - 8) {
            bytes += Wire.body(channel, Array(body[start..<min(start + frameMax - 8, body.count)]))
        }
        return bytes
    }

    /// A complete returned message.
    static func returned(
        _ channel: UInt16, exchange: String, routingKey: String, body: [UInt8], properties: [UInt8] = [0, 0]
    ) -> [UInt8] {
        var bytes = Wire.method(channel, 60, 50) {
            $0.u16(312)
            $0.short("NO_ROUTE")
            $0.short(exchange)
            $0.short(routingKey)
        }
        bytes += Wire.header(channel, bodySize: body.count, properties: properties)
        if !body.isEmpty { bytes += Wire.body(channel, body) }
        return bytes
    }
}

/// A frame sent by the client.
struct ClientFrame: Equatable, CustomStringConvertible {
    var type: UInt8
    var channel: UInt16
    var payload: [UInt8]

    /// As in the specification, e.g. "60.40" for basic.publish; "header", "body" and "heartbeat" for the others.
    var name: String {
        switch type {
        case 1: "\(Int(payload[0]) << 8 | Int(payload[1])).\(Int(payload[2]) << 8 | Int(payload[3]))"
        case 2: "header"
        case 3: "body"
        case 8: "heartbeat"
        default: "unknown"
        }
    }

    var description: String { "\(name)@\(channel)" }

    /// All frames in a buffer, which must contain complete ones.
    static func parse(_ buffer: ByteBuffer) -> [ClientFrame] {
        var buffer = buffer
        var frames: [ClientFrame] = []
        while let type = buffer.readInteger(as: UInt8.self), let channel = buffer.readInteger(as: UInt16.self),
            let length = buffer.readInteger(as: UInt32.self), let payload = buffer.readBytes(length: Int(length)),
            buffer.readInteger(as: UInt8.self) == 0xCE
        {
            frames.append(ClientFrame(type: type, channel: channel, payload: payload))
        }
        precondition(buffer.readableBytes == 0, "the client sent something that is no frame")
        return frames
    }
}

extension Array where Element == ClientFrame {
    var names: [String] { map(\.description) }
}
