import CHiredis
package import NIOCore

/// The size of a reply.
package struct ReplySize {
    /// As sent by the server.
    let bytes: Int
    /// The approximate memory it uses, in bytes.
    let memory: Int
}

/// Wraps hiredis's reply reader: bytes in, replies out.
///
/// Must not be used after it throws: the reader has lost its position in the stream.
@safe package struct ReplyParser: ~Copyable {
    /// Both are allocated in `init` and freed in `deinit`. The pointers never leave this type, except that the reader
    /// holds one as its private data; the reader is freed first.
    private let reader: UnsafeMutablePointer<redisReader>
    private let builder: UnsafeMutablePointer<ReplyBuilder>
    private let maximumReplyBytes: Int
    /// Bytes fed since the last complete reply.
    private var pendingBytes = 0

    /// After every 1024 bytes parsed, the reader moves the unparsed rest to the front of its buffer. With 64 KiB of
    /// short replies fed at once that would move 2 MB; in pieces of this size it moves next to nothing.
    private static let bytesAtOnce = 4096
    /// The longest status or error line, and the longest line that contains a number or a length. The reader searches
    /// for the end of a line from its beginning every time, so an endless line fed in small pieces would take quadratic
    /// time.
    private static let longestText = 64 << 10
    private static let longestNumber = 64

    /// - Parameters:
    ///   - maximumReplyBytes: the longest reply, as sent by the server.
    ///   - maximumReplyMemory: the approximate memory that a reply may use, in bytes.
    package init(maximumReplyBytes: Int, maximumReplyMemory: Int = 64 << 20) {
        guard let reader = unsafe redisReaderCreateWithFunctions(replyConstructors) else {
            fatalError("out of memory for a reply reader")
        }
        unsafe self.reader = unsafe reader
        unsafe builder = .allocate(capacity: 1)
        unsafe builder.initialize(to: ReplyBuilder(maximumMemory: maximumReplyMemory))
        unsafe reader.pointee.privdata = UnsafeMutableRawPointer(builder)
        self.maximumReplyBytes = maximumReplyBytes
    }

    deinit {
        unsafe redisReaderFree(reader)
        unsafe builder.deinitialize(count: 1)
        unsafe builder.deallocate()
    }

    /// Parses the bytes and passes on each reply that they complete, in order, with its size.
    package mutating func parse(
        _ bytes: ByteBuffer, _ handle: (RedisReply, ReplySize) throws(RedisError) -> Void
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
            throw .tooLarge("a reply is longer than the limit of \(maximumReplyBytes) bytes")
        }
        let status = unsafe bytes.withUnsafeReadableBytes { raw in
            let part = unsafe raw.baseAddress?.advanced(by: position - bytes.readerIndex)
            return unsafe redisReaderFeed(reader, part?.assumingMemoryBound(to: CChar.self), length)
        }
        guard status == REDIS_OK else { throw violation() }
    }

    private mutating func next() throws(RedisError) -> (RedisReply, ReplySize)? {
        // The reader only returns our token. The builder knows whether there is a reply, and which.
        var token: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &token) == REDIS_OK else { throw violation() }
        guard let (reply, memory) = unsafe builder.pointee.take() else {
            try boundLine()
            return nil
        }
        let left = unsafe reader.pointee.len - reader.pointee.pos
        defer { pendingBytes = left }
        return (reply, ReplySize(bytes: pendingBytes - left, memory: memory))
    }

    /// Refuses an overlong line that has not ended.
    private func boundLine() throws(RedisError) {
        let rest = unsafe reader.pointee.len - reader.pointee.pos
        let place = unsafe Int(reader.pointee.ridx)
        guard rest > Self.longestNumber, place >= 0, let buffer = unsafe reader.pointee.buf else { return }
        let type = unsafe withUnsafeBytes(of: &reader.pointee.rstack) { stack in
            unsafe stack.assumingMemoryBound(to: redisReadTask.self)[place].type
        }
        switch type {
        case REDIS_REPLY_STATUS, REDIS_REPLY_ERROR:
            guard rest > Self.longestText else { return }
        default:
            let line = unsafe UnsafeRawBufferPointer(
                start: buffer.advanced(by: reader.pointee.pos), count: Self.longestNumber)
            if unsafe line.contains(UInt8(ascii: "\r")) { return }
        }
        throw RedisError(.protocolViolation, "a line of the reply is too long")
    }

    private func violation() -> RedisError {
        if let violation = unsafe builder.pointee.violation { return violation }
        let text = unsafe withUnsafeBytes(of: reader.pointee.errstr) { raw in
            unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(.protocolViolation, "the reply is not RESP2: \(text)")
    }
}

/// The table of callbacks, which the reader does not copy. Created once and never freed, because readers on any thread
/// point to it.
///
/// `nonisolated(unsafe)` is correct because nothing writes to it after its creation.
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

/// Runs a step of the builder that belongs to the task's reader. The token is the builder's address; any pointer except
/// null works. Null means out of memory and makes the reader stop, which is also how a refusal by the builder is
/// reported.
@inline(__always)
private func build(
    _ task: UnsafePointer<redisReadTask>, _ step: (inout ReplyBuilder) -> Void
) -> UnsafeMutableRawPointer? {
    guard let token = unsafe task.pointee.privdata else { return nil }
    let builder = unsafe token.assumingMemoryBound(to: ReplyBuilder.self)
    unsafe step(&builder.pointee)
    return unsafe builder.pointee.violation == nil ? token : nil
}

private func build(
    _ task: UnsafePointer<redisReadTask>, _ bytes: UnsafeRawBufferPointer
) -> UnsafeMutableRawPointer? {
    let type = unsafe task.pointee.type
    return unsafe build(task) { builder in
        guard builder.makeRoom(for: bytes.count) else { return }
        switch type {
        case REDIS_REPLY_STATUS: unsafe builder.append(.simple(String(decoding: bytes, as: UTF8.self)))
        case REDIS_REPLY_ERROR: unsafe builder.append(.error(String(decoding: bytes, as: UTF8.self)))
        case REDIS_REPLY_STRING where unsafe isTerminated(bytes): unsafe builder.append(.bulk(Array(bytes)))
        case REDIS_REPLY_STRING:
            builder.fail(RedisError(.protocolViolation, "a bulk string does not end after its announced length"))
        default: builder.fail(RedisError(.protocolViolation, "a string of a type unknown to RESP2"))
        }
    }
}

/// The reader skips the two bytes after a bulk string without checking them. Unless they are CRLF, the length was wrong
/// and what follows would be read as replies to other commands. They are in its buffer, because it only calls this once
/// the whole string has arrived.
private func isTerminated(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let end = unsafe UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count + 2)
    return unsafe end[bytes.count] == UInt8(ascii: "\r") && end[bytes.count + 1] == UInt8(ascii: "\n")
}
