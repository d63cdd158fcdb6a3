import AMQPNIO
import NIOCore
import SessionContract

// Frames of AMQP: what the broker delivers and what is published.
extension MicroBenchmark {
    static var codec: [MicroBenchmark] {
        [
            MicroBenchmark("amqp.decode-delivery") { scene in
                let frames = try deliveryFrames(of: scene.delivery(.create))
                var decoder = FrameDecoder(frameMax: frameMax)
                var assembler = ContentAssembler(retainedBodyBytes: 65_536)
                func decode() throws -> ContentAssembler.Content? {
                    var content: ContentAssembler.Content?
                    decoder.append(frames)
                    while let frame = try decoder.next() {
                        switch frame {
                        case .method(_, .deliver(let address)): try assembler.begin(.delivery(address))
                        case .header(_, let properties, let size):
                            content = try assembler.header(properties, bodySize: size)
                        case .body(_, let bytes): content = try assembler.body(bytes)
                        case .method, .heartbeat: throw UnexpectedOutcome("a frame of another kind")
                        }
                    }
                    return content
                }
                guard case .delivery(let delivery) = try decode(), delivery == (try scene.delivery(.create)) else {
                    throw UnexpectedOutcome("the delivery was decoded to something else")
                }
                return { keep(try decode()) }
            },
            MicroBenchmark("amqp.encode-publish") { scene in
                let message = try reply(in: scene)
                let encoder = FrameEncoder(frameMax: frameMax)
                var buffer = ByteBuffer()
                return {
                    buffer.clear()
                    try encoder.publish(message, channel: 1, into: &buffer)
                    keep(buffer.readableBytes)
                }
            },
        ]
    }

    private static let frameMax: UInt32 = 131_072

    /// The full result of a create, as sent to the caller.
    private static func reply(in scene: Scene) throws -> AMQPMessage {
        let delivery = try scene.delivery(.create)
        let result = ResultWriter.write(
            scene.created.outcome, of: CommandName(exactly: "session.create"), commandID: delivery.properties.messageID,
            at: Scene.now)
        return AMQPMessage(
            exchange: "", routingKey: delivery.properties.replyTo ?? "",
            properties: AMQPProperties(
                contentType: "application/json", deliveryMode: 1, correlationID: delivery.properties.correlationID,
                messageID: "res_AbCdEfGhIjKl-1", type: result.type),
            body: result.reply)
    }

    /// A delivery on the wire. The client never sends `basic.deliver`, so it is written here (AMQP 0-9-1 §1.8.3.13); header
    /// and body are the same as in a published message.
    private static func deliveryFrames(of delivery: AMQPDelivery) throws -> ByteBuffer {
        var published = ByteBuffer()
        try FrameEncoder(frameMax: frameMax).publish(
            AMQPMessage(
                exchange: delivery.exchange, routingKey: delivery.routingKey, properties: delivery.properties,
                body: delivery.body), channel: 1, into: &published)
        guard let method = published.getInteger(at: published.readerIndex + 3, as: UInt32.self) else {
            throw UnexpectedOutcome("a message was published without a method")
        }
        published.moveReaderIndex(forwardBy: 8 + Int(method))

        var arguments = ByteBuffer()
        arguments.writeMultipleIntegers(UInt16(60), UInt16(60))
        arguments.writeShort(delivery.consumerTag)
        arguments.writeMultipleIntegers(delivery.deliveryTag, UInt8(0))
        arguments.writeShort(delivery.exchange)
        arguments.writeShort(delivery.routingKey)
        var frames = ByteBuffer()
        frames.writeMultipleIntegers(UInt8(1), UInt16(1), UInt32(arguments.readableBytes))
        frames.writeBuffer(&arguments)
        frames.writeInteger(UInt8(0xCE))
        frames.writeBuffer(&published)
        return frames
    }
}

extension ByteBuffer {
    /// A short string: one byte of length, then the text.
    fileprivate mutating func writeShort(_ text: String) {
        writeInteger(UInt8(text.utf8.count))
        writeString(text)
    }
}
