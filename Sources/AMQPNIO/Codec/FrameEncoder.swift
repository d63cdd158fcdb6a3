import CRabbitMQ
package import NIOCore

/// Writes frames; rabbitmq-c encodes their contents.
package struct FrameEncoder {
    let arena = Arena()
    /// The largest frame we may send, in bytes, including overhead.
    var frameMax: UInt32

    package init(frameMax: UInt32) { self.frameMax = frameMax }

    /// The first bytes of a connection (AMQP 0-9-1 §4.2.2).
    static let protocolHeader: [UInt8] = [0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1]

    func heartbeat(into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(AMQP_FRAME_HEARTBEAT))
        buffer.writeInteger(UInt16(0))
        buffer.writeInteger(UInt32(0))
        buffer.writeInteger(UInt8(AMQP_FRAME_END))
    }

    /// Writes a message as method, header and body frames. On an error (`invalidMessage`) the buffer is unchanged.
    package func publish(_ message: AMQPMessage, channel: UInt16, into buffer: inout ByteBuffer) throws(AMQPError) {
        let start = buffer.writerIndex
        defer { arena.recycle() }
        do throws(AMQPError) {
            let method = unsafe amqp_basic_publish_t(
                ticket: 0, exchange: arena.copy(message.exchange), routing_key: arena.copy(message.routingKey),
                mandatory: message.mandatory.c, immediate: 0)
            try unsafe encode(AMQP_BASIC_PUBLISH_METHOD, method, channel, &buffer)
            try header(message, channel, &buffer)
        } catch {
            buffer.moveWriterIndex(to: start)
            throw error
        }
        body(message.body, channel, &buffer)
    }

    /// Writes one method frame with the arguments `decoded`, a rabbitmq-c struct that points into the arena.
    func encode<T>(
        _ id: amqp_method_number_t, _ decoded: T, _ channel: UInt16, _ buffer: inout ByteBuffer
    ) throws(AMQPError) {
        // 64 bytes for the numbers and flags of any method; the arena knows the size of the rest.
        let status = unsafe frame(AMQP_FRAME_METHOD, channel, fixed: 4, variable: 64 + arena.encodedSize, &buffer) {
            payload in
            unsafe payload.storeBytes(of: id.bigEndian, as: UInt32.self)
            var decoded = decoded
            let arguments = unsafe amqp_bytes_t(len: payload.count - 4, bytes: payload.baseAddress?.advanced(by: 4))
            return unsafe withUnsafeMutablePointer(to: &decoded) {
                unsafe amqp_encode_method(id, $0, arguments)
            }
        }
        guard status else {
            throw AMQPError(
                .invalidMessage, "method \(id >> 16).\(id & 0xFFFF) has a name over 255 bytes or does not fit a frame")
        }
    }

    private func header(
        _ message: AMQPMessage, _ channel: UInt16, _ buffer: inout ByteBuffer
    ) throws(AMQPError) {
        var properties = try unsafe PropertiesEncoder.copy(message.properties, into: arena)
        let size = UInt64(message.body.count)
        let room = min(AMQPLimits.headerRoom, frameMax / 8)
        let status = unsafe frame(
            AMQP_FRAME_HEADER, channel, fixed: 12, variable: 64 + arena.encodedSize, leaving: Int(room), &buffer
        ) { payload in
            unsafe payload.storeBytes(of: UInt16(AMQP_BASIC_CLASS).bigEndian, as: UInt16.self)
            unsafe payload.storeBytes(of: 0, toByteOffset: 2, as: UInt16.self)
            unsafe payload.storeBytes(of: size.bigEndian, toByteOffset: 4, as: UInt64.self)
            let list = unsafe amqp_bytes_t(len: payload.count - 12, bytes: payload.baseAddress?.advanced(by: 12))
            return unsafe withUnsafeMutablePointer(to: &properties) {
                unsafe amqp_encode_properties(UInt16(AMQP_BASIC_CLASS), $0, list)
            }
        }
        guard status else {
            throw AMQPError(.invalidMessage, "the properties have a text over 255 bytes or do not fit a frame")
        }
    }

    private func body(_ body: [UInt8], _ channel: UInt16, _ buffer: inout ByteBuffer) {
        let most = Int(frameMax) - Self.overhead
        var offset = 0
        while offset < body.count {
            let end = min(offset + most, body.count)
            buffer.writeInteger(UInt8(AMQP_FRAME_BODY))
            buffer.writeInteger(channel)
            buffer.writeInteger(UInt32(end - offset))
            buffer.writeBytes(body[offset..<end])
            buffer.writeInteger(UInt8(AMQP_FRAME_END))
            offset = end
        }
    }

    private static let overhead = 8

    /// Writes one frame whose payload is `fixed` bytes plus the number of bytes, at most `variable`, that `fill`
    /// reports as written. Returns false and writes nothing if `fill` reports an error or the payload exceeds the frame
    /// size.
    private func frame(
        _ type: Int32, _ channel: UInt16, fixed: Int, variable: Int, leaving room: Int = 0, _ buffer: inout ByteBuffer,
        _ fill: (UnsafeMutableRawBufferPointer) -> Int32
    ) -> Bool {
        let start = buffer.writerIndex
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: fixed + variable + Self.overhead) { memory in
            let payload = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[7..<(7 + fixed + variable)])
            let count = unsafe fill(payload)
            guard count >= 0, fixed + Int(count) + Self.overhead + room <= Int(frameMax) else { return 0 }
            let size = fixed + Int(count)
            unsafe memory.storeBytes(of: UInt8(type), as: UInt8.self)
            unsafe memory.storeBytes(of: channel.bigEndian, toByteOffset: 1, as: UInt16.self)
            unsafe memory.storeBytes(of: UInt32(size).bigEndian, toByteOffset: 3, as: UInt32.self)
            unsafe memory.storeBytes(of: UInt8(AMQP_FRAME_END), toByteOffset: 7 + size, as: UInt8.self)
            return size + Self.overhead
        }
        return buffer.writerIndex > start
    }
}
