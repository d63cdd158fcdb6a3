import CRabbitMQ
package import NIOCore

/// A complete decoded frame.
package enum InboundFrame {
    case method(channel: UInt16, ServerMethod)
    case header(channel: UInt16, AMQPProperties, bodySize: UInt64)
    /// A slice of the read buffer: copy from it at once, do not keep it.
    case body(channel: UInt16, ByteBuffer)
    case heartbeat
}

/// Splits the byte stream into frames (AMQP 0-9-1 §2.3.5) and has rabbitmq-c decode their contents.
///
/// We split frames ourselves instead of calling `amqp_handle_input` for two reasons: that function decodes header
/// tables before anything could check them (``TableScan``), and it copies every frame, bodies included, into pools of
/// frame-max sized pages that never shrink.
///
/// After an error the position in the stream is lost for good: the connection must be closed.
package struct FrameDecoder {
    private var cumulation = ByteBuffer()
    private let arena: Arena
    private var methods: MethodDecoder
    private let properties: PropertiesDecoder
    /// The largest frame accepted, in bytes. Content headers may be larger, see ``AMQPLimits/headerMax``.
    var frameMax: UInt32
    /// The oversized content header that is being skipped, if any.
    private var leftOut: LeftOutHeader?

    package init(frameMax: UInt32) {
        let arena = Arena()
        self.arena = arena
        self.frameMax = frameMax
        methods = MethodDecoder(arena: arena)
        properties = PropertiesDecoder(arena: arena)
    }

    package mutating func append(_ bytes: ByteBuffer) {
        guard cumulation.readableBytes > 0 else {
            cumulation = bytes
            return
        }
        cumulation.discardReadBytes()
        cumulation.writeImmutableBuffer(bytes)
    }

    /// The next whole frame, or nil when more bytes are needed.
    package mutating func next() throws(AMQPError) -> InboundFrame? {
        if leftOut != nil { return try leaveOut() }
        let start = cumulation.readerIndex
        guard let type = cumulation.getInteger(at: start, as: UInt8.self) else {
            // The owner of the read buffer may reuse it once we release it.
            cumulation = ByteBuffer()
            return nil
        }
        try check(type: type)
        guard let channel = cumulation.getInteger(at: start + 1, as: UInt16.self),
            let length = cumulation.getInteger(at: start + 3, as: UInt32.self)
        else { return nil }
        guard length <= limit(type) - Self.overhead else {
            if Int32(type) == AMQP_FRAME_HEADER { return try beginLeavingOut(channel: channel, length: length) }
            throw AMQPError(
                .protocolViolation, "a frame of \(length) bytes exceeds the negotiated frame-max of \(frameMax)")
        }
        let size = Int(length + Self.overhead)
        guard cumulation.readableBytes >= size else { return nil }
        guard cumulation.getInteger(at: start + size - 1, as: UInt8.self) == UInt8(AMQP_FRAME_END) else {
            throw AMQPError(.protocolViolation, "a frame lacks its end marker")
        }
        cumulation.moveReaderIndex(forwardBy: 7)
        guard let payload = cumulation.readSlice(length: Int(length)) else {
            preconditionFailure("a complete frame could not be read")
        }
        cumulation.moveReaderIndex(forwardBy: 1)
        return try decode(type: Int32(type), channel: channel, payload)
    }

    /// Type, channel and length before the payload, the end marker after it.
    private static let overhead: UInt32 = 8

    private func limit(_ type: UInt8) -> UInt32 {
        Int32(type) == AMQP_FRAME_HEADER ? max(frameMax, AMQPLimits.headerMax) : frameMax
    }

    private func check(type: UInt8) throws(AMQPError) {
        switch Int32(type) {
        case AMQP_FRAME_METHOD, AMQP_FRAME_HEADER, AMQP_FRAME_BODY, AMQP_FRAME_HEARTBEAT: return
        case 0x41:
            // The 'A' of a protocol header: the answer of a broker that does not support our version (§2.2.4).
            throw AMQPError(.protocolViolation, "the server refuses AMQP 0-9-1 and offers another protocol version")
        default: throw AMQPError(.protocolViolation, "this is not AMQP 0-9-1: a frame of type \(type)")
        }
    }

    private mutating func decode(
        type: Int32, channel: UInt16, _ payload: ByteBuffer
    ) throws(AMQPError) -> InboundFrame {
        switch type {
        case AMQP_FRAME_BODY: return .body(channel: channel, payload)
        case AMQP_FRAME_HEARTBEAT: return .heartbeat
        case AMQP_FRAME_METHOD:
            let method: Result<ServerMethod, AMQPError> = unsafe payload.withUnsafeReadableBytes { bytes in
                do throws(AMQPError) {
                    return .success(try unsafe methods.decode(bytes))
                } catch { return .failure(error) }
            }
            return .method(channel: channel, try method.get())
        case AMQP_FRAME_HEADER:
            // Class, weight, body size.
            guard payload.readableBytes >= 14, let size = try bodySize(payload, at: payload.readerIndex) else {
                throw AMQPError(.protocolViolation, "a content header of \(payload.readableBytes) bytes")
            }
            let decoded: Result<AMQPProperties, AMQPError> = unsafe payload.withUnsafeReadableBytes { bytes in
                do throws(AMQPError) {
                    let list = unsafe UnsafeRawBufferPointer(rebasing: bytes.dropFirst(12))
                    return .success(try unsafe properties.decode(list))
                } catch { return .failure(error) }
            }
            return .header(channel: channel, try decoded.get(), bodySize: size)
        default: preconditionFailure("a frame type was accepted that cannot be decoded: \(type)")
        }
    }

    /// Reads the fields that precede the properties in a content header: class, weight, body size. Nil if they have not
    /// arrived yet.
    private func bodySize(_ header: ByteBuffer, at index: Int) throws(AMQPError) -> UInt64? {
        guard let ofClass = header.getInteger(at: index, as: UInt16.self),
            let size = header.getInteger(at: index + 4, as: UInt64.self)
        else { return nil }
        guard ofClass == UInt16(AMQP_BASIC_CLASS) else {
            throw AMQPError(.protocolViolation, "a content header of a class other than basic")
        }
        return size
    }
}

// MARK: - Oversized content headers

extension FrameDecoder {
    /// Skips a content header whose properties are too large to read, so that its message does not cost the connection.
    /// Its bytes are discarded as they arrive, whatever size it claims.
    private struct LeftOutHeader {
        var channel: UInt16
        var bodySize: UInt64
        /// Bytes still to arrive, including the end marker.
        var remaining: Int
    }

    private mutating func beginLeavingOut(channel: UInt16, length: UInt32) throws(AMQPError) -> InboundFrame? {
        guard let size = try bodySize(cumulation, at: cumulation.readerIndex + 7) else { return nil }
        cumulation.moveReaderIndex(forwardBy: 7)
        leftOut = LeftOutHeader(channel: channel, bodySize: size, remaining: Int(length) + 1)
        return try leaveOut()
    }

    private mutating func leaveOut() throws(AMQPError) -> InboundFrame? {
        guard var header = leftOut else { return nil }
        let count = min(header.remaining - 1, cumulation.readableBytes)
        cumulation.moveReaderIndex(forwardBy: count)
        header.remaining -= count
        leftOut = header
        guard header.remaining == 1, let end = cumulation.readInteger(as: UInt8.self) else {
            cumulation = ByteBuffer()
            return nil
        }
        guard end == UInt8(AMQP_FRAME_END) else {
            throw AMQPError(.protocolViolation, "a frame lacks its end marker")
        }
        leftOut = nil
        let properties = AMQPProperties(.init(unreadable: [.init(name: .properties, bytes: [])]))
        return .header(channel: header.channel, properties, bodySize: header.bodySize)
    }
}
