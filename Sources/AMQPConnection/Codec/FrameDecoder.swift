import CRabbitMQ
import NIOCore

/// A whole frame, decoded.
enum InboundFrame {
    case method(channel: UInt16, ServerMethod)
    case header(channel: UInt16, AMQPProperties, bodySize: UInt64)
    /// A slice of the read buffer: to be copied from at once, not kept.
    case body(channel: UInt16, ByteBuffer)
    case heartbeat
}

/// Cuts the byte stream into frames (AMQP 0-9-1 §2.3.5) and has rabbitmq-c decode what is in them.
///
/// The cutting is ours and not `amqp_handle_input`'s for two reasons. That function decodes header tables before anyone
/// could look at them (``TableScan``), and it copies every frame, bodies included, into pools of frame-max large pages
/// that never shrink.
///
/// After an error the stream is out of step for good: the connection has to go.
struct FrameDecoder {
    private var cumulation = ByteBuffer()
    private let arena: Arena
    private var methods: MethodDecoder
    private let properties: PropertiesDecoder
    /// The largest frame accepted, in bytes; but for content headers, see ``AMQPLimits/headerMax``.
    var frameMax: UInt32
    /// The content header that is being left out, since it is too large.
    private var leftOut: LeftOutHeader?

    init(frameMax: UInt32) {
        let arena = Arena()
        self.arena = arena
        self.frameMax = frameMax
        methods = MethodDecoder(arena: arena)
        properties = PropertiesDecoder(arena: arena)
    }

    mutating func append(_ bytes: ByteBuffer) {
        guard cumulation.readableBytes > 0 else {
            cumulation = bytes
            return
        }
        cumulation.discardReadBytes()
        cumulation.writeImmutableBuffer(bytes)
    }

    /// The next whole frame, or nil when more bytes are needed.
    mutating func next() throws(AMQPError) -> InboundFrame? {
        if leftOut != nil { return try leaveOut() }
        let start = cumulation.readerIndex
        guard let type = cumulation.getInteger(at: start, as: UInt8.self) else {
            // Whoever owns the read buffer may reuse it once we let go.
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
                .protocolViolation, "a frame of \(length) bytes, where \(frameMax) with its ends were agreed on")
        }
        let size = Int(length + Self.overhead)
        guard cumulation.readableBytes >= size else { return nil }
        guard cumulation.getInteger(at: start + size - 1, as: UInt8.self) == UInt8(AMQP_FRAME_END) else {
            throw AMQPError(.protocolViolation, "a frame does not end where it should")
        }
        cumulation.moveReaderIndex(forwardBy: 7)
        guard let payload = cumulation.readSlice(length: Int(length)) else {
            preconditionFailure("a frame that is there whole cannot be read")
        }
        cumulation.moveReaderIndex(forwardBy: 1)
        return try decode(type: Int32(type), channel: channel, payload)
    }

    /// Type, channel, length in front; the end mark behind.
    private static let overhead: UInt32 = 8

    private func limit(_ type: UInt8) -> UInt32 {
        Int32(type) == AMQP_FRAME_HEADER ? max(frameMax, AMQPLimits.headerMax) : frameMax
    }

    private func check(type: UInt8) throws(AMQPError) {
        switch Int32(type) {
        case AMQP_FRAME_METHOD, AMQP_FRAME_HEADER, AMQP_FRAME_BODY, AMQP_FRAME_HEARTBEAT: return
        case 0x41:
            // The 'A' of a protocol header: what a broker answers when it does not speak our version (§2.2.4).
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
            // Class, weight, size of the body.
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
        default: preconditionFailure("a frame type was let through that is not decoded: \(type)")
        }
    }

    /// What a content header says in front of its properties: class, weight, size of the body. Nil if it is not there yet.
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

// MARK: - Content headers that are too large

extension FrameDecoder {
    /// A content header whose properties are not read, so that its message costs nobody the connection: what came of it is
    /// let go of at once, whatever size it claims to have.
    private struct LeftOutHeader {
        var channel: UInt16
        var bodySize: UInt64
        /// Bytes still to come, the end mark included.
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
            throw AMQPError(.protocolViolation, "a frame does not end where it should")
        }
        leftOut = nil
        let properties = AMQPProperties(.init(unreadable: [.init(name: .properties, bytes: [])]))
        return .header(channel: header.channel, properties, bodySize: header.bodySize)
    }
}
