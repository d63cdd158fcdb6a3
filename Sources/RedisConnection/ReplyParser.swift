import CHiredis
import NIOCore

/// hiredis' reply reader: bytes in, replies out.
///
/// Not to be used again after it threw: the reader has lost its place in the stream.
@safe struct ReplyParser: ~Copyable {
    /// Both are allocated in `init` and freed in `deinit`; neither pointer leaves this type except into the reader, as
    /// its private data, and the reader dies first.
    private let reader: UnsafeMutablePointer<redisReader>
    private let builder: UnsafeMutablePointer<ReplyBuilder>
    private let maximumReplyBytes: Int
    /// Bytes fed since the last whole reply.
    private var pendingBytes = 0

    /// The reader moves what it has not parsed yet to the front of its buffer after every 1024 bytes parsed. Fed 64 KiB
    /// of short replies at once it would move 2 MB; fed by this many bytes, next to nothing.
    private static let bytesAtOnce = 4096

    init(maximumReplyBytes: Int) {
        guard let reader = unsafe redisReaderCreateWithFunctions(replyConstructors) else {
            fatalError("out of memory for a reply reader")
        }
        unsafe self.reader = unsafe reader
        unsafe builder = .allocate(capacity: 1)
        unsafe builder.initialize(to: ReplyBuilder())
        unsafe reader.pointee.privdata = UnsafeMutableRawPointer(builder)
        self.maximumReplyBytes = maximumReplyBytes
    }

    deinit {
        unsafe redisReaderFree(reader)
        unsafe builder.deinitialize(count: 1)
        unsafe builder.deallocate()
    }

    /// Parses the bytes and hands over each reply that they complete, in order, with its size in bytes as it came.
    mutating func parse(
        _ bytes: ByteBuffer, _ handle: (RedisReply, _ size: Int) throws(RedisError) -> Void
    ) throws(RedisError) {
        var position = bytes.readerIndex
        while position < bytes.writerIndex {
            let length = min(Self.bytesAtOnce, bytes.writerIndex - position)
            try feed(bytes, at: position, length: length)
            position += length
            while let (reply, size) = try next() {
                try handle(reply, size)
            }
        }
    }

    private mutating func feed(_ bytes: ByteBuffer, at position: Int, length: Int) throws(RedisError) {
        pendingBytes += length
        guard pendingBytes <= maximumReplyBytes else {
            throw RedisError(.protocolViolation, "a reply is longer than the limit of \(maximumReplyBytes) bytes")
        }
        let status = unsafe bytes.withUnsafeReadableBytes { raw in
            let part = unsafe raw.baseAddress?.advanced(by: position - bytes.readerIndex)
            return unsafe redisReaderFeed(reader, part?.assumingMemoryBound(to: CChar.self), length)
        }
        guard status == REDIS_OK else { throw violation() }
    }

    private mutating func next() throws(RedisError) -> (RedisReply, size: Int)? {
        // What the reader hands out is our own token. Whether there is a reply, and which, is known to the builder.
        var token: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &token) == REDIS_OK else { throw violation() }
        guard let reply = unsafe builder.pointee.take() else { return nil }
        let left = unsafe reader.pointee.len - reader.pointee.pos
        defer { pendingBytes = left }
        return (reply, pendingBytes - left)
    }

    private func violation() -> RedisError {
        if let violation = unsafe builder.pointee.violation { return RedisError(.protocolViolation, violation) }
        let text = unsafe withUnsafeBytes(of: reader.pointee.errstr) { raw in
            unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(.protocolViolation, "the reply is not RESP2: \(text)")
    }
}

/// The table of callbacks, which the reader does not copy. Made once and never freed, as readers of any thread point
/// to it.
///
/// `nonisolated(unsafe)` is right because nothing writes to it after it was made.
nonisolated(unsafe) private let replyConstructors: UnsafeMutablePointer<redisReplyObjectFunctions> = {
    let table = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
    unsafe table.initialize(
        to: redisReplyObjectFunctions(
            createString: { task, characters, length in
                guard let task = unsafe task, let characters = unsafe characters else { return nil }
                return unsafe build(task, UnsafeRawBufferPointer(start: characters, count: length))
            },
            createArray: { task, count in
                guard let task = unsafe task else { return nil }
                return unsafe build(task) { $0.beginArray(count: Int(count)) }
            },
            createInteger: { task, value in
                guard let task = unsafe task else { return nil }
                return unsafe build(task) { $0.append(.integer(value)) }
            },
            createNil: { task in
                guard let task = unsafe task else { return nil }
                return unsafe build(task) { $0.append(.null) }
            },
            // The tokens own nothing.
            freeObject: { _ in }
        ))
    return unsafe table
}()

/// Runs a step of the builder of the reader that the task belongs to. The token is the builder's own address: any
/// pointer but null does, as null would mean that memory ran out.
@inline(__always)
private func build(
    _ task: UnsafePointer<redisReadTask>, _ step: (inout ReplyBuilder) -> Void
) -> UnsafeMutableRawPointer? {
    guard let token = unsafe task.pointee.privdata else { return nil }
    unsafe step(&token.assumingMemoryBound(to: ReplyBuilder.self).pointee)
    return unsafe token
}

private func build(
    _ task: UnsafePointer<redisReadTask>, _ bytes: UnsafeRawBufferPointer
) -> UnsafeMutableRawPointer? {
    switch unsafe task.pointee.type {
    case REDIS_REPLY_STATUS:
        return unsafe build(task) { unsafe $0.append(.simple(String(decoding: bytes, as: UTF8.self))) }
    case REDIS_REPLY_ERROR:
        return unsafe build(task) { unsafe $0.append(.error(String(decoding: bytes, as: UTF8.self))) }
    case REDIS_REPLY_STRING:
        // The reader skips the two bytes after a bulk string without looking at them. Unless they are CRLF the length
        // was a lie and what follows would be read as replies to other commands. They are in its buffer: it calls only
        // when the whole of the string is.
        let end = unsafe UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count + 2)
        guard unsafe end[bytes.count] == UInt8(ascii: "\r"), unsafe end[bytes.count + 1] == UInt8(ascii: "\n") else {
            _ = unsafe build(task) { $0.refuse("a bulk string does not end where its length says") }
            return nil
        }
        return unsafe build(task) { unsafe $0.append(.bulk(Array(bytes))) }
    default:
        preconditionFailure("the reader makes strings for statuses, errors and bulk strings only")
    }
}
