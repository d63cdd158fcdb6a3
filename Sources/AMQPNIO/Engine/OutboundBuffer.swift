import NIOCore

/// Bytes for the next flush: all frames of one turn of the event loop are sent in one write.
struct OutboundBuffer {
    private var buffer = ByteBuffer()

    var isEmpty: Bool { buffer.readableBytes == 0 }

    /// Above this capacity, in bytes, the memory is released after a flush, so that one large message does not hold it
    /// for ever.
    private static let keptCapacity = 1 << 20

    mutating func append<Failure: Error>(
        _ write: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        try write(&buffer)
    }

    /// The bytes to write.
    var bytes: ByteBuffer { buffer }

    /// Discards the bytes after they were passed on.
    mutating func clear() {
        // If the write has completed, which it has unless the socket is full, nothing else references the memory and it
        // is reused; otherwise this allocates a buffer of the same size.
        if buffer.capacity > Self.keptCapacity { buffer = ByteBuffer() } else { buffer.clear() }
    }
}
