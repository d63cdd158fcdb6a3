import NIOCore

/// What is to be written at the next flush: all frames of one turn of the event loop go out in one write.
struct OutboundBuffer {
    private var buffer = ByteBuffer()

    var isEmpty: Bool { buffer.readableBytes == 0 }

    /// Above this capacity, in bytes, the memory is given back after a flush: one large message should not cost for
    /// ever.
    private static let keptCapacity = 1 << 20

    mutating func append<Failure: Error>(
        _ write: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        try write(&buffer)
    }

    /// The bytes to write.
    var bytes: ByteBuffer { buffer }

    /// Forgets the bytes, once they are handed on.
    mutating func clear() {
        // When the write has completed, which it has unless the socket is full, nobody else holds the memory and it is
        // used again; else this makes a buffer of the same size.
        if buffer.capacity > Self.keptCapacity { buffer = ByteBuffer() } else { buffer.clear() }
    }
}
