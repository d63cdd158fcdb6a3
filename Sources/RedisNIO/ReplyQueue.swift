import NIOCore

/// Called once, on the event loop, with the replies to a pipeline.
package typealias RedisCompletion = (Result<[RedisReply], RedisError>) -> Void

/// The pipelines awaiting replies, oldest first. Replies arrive in the order of the commands, so counting is enough to
/// match them.
struct ReplyQueue {
    struct Entry {
        let count: Int
        let byteCount: Int
        let deadline: NIODeadline
        let replyBudget: ReplyBudget
        /// The pipeline as written, kept if it evaluates scripts, because those evaluations may have to be repeated.
        let repeatable: RedisPipeline?
        let completion: RedisCompletion
    }

    struct Finished {
        let entry: Entry
        let replies: [RedisReply]
    }

    private var entries = CircularBuffer<Entry>()
    /// The replies to the first entry received so far.
    private var replies: [RedisReply] = []
    /// The size of those that count against its budget, in bytes.
    private var replyBytes = 0
    /// The approximate memory they use, in bytes.
    private var replyMemory = 0
    private let maximumMemory: Int
    private(set) var commandCount = 0
    private(set) var byteCount = 0

    /// - Parameter maximumMemory: the approximate memory that the replies to one pipeline may use together, in bytes.
    init(maximumMemory: Int) {
        self.maximumMemory = maximumMemory
    }

    var isEmpty: Bool { entries.isEmpty }

    /// When the oldest pipeline times out. No other is due earlier, since all have the same timeout.
    var firstDeadline: NIODeadline? { entries.first?.deadline }

    mutating func append(_ entry: Entry) {
        if entries.isEmpty { replies.reserveCapacity(entry.count) }
        entries.append(entry)
        commandCount += entry.count
        byteCount += entry.byteCount
    }

    /// Adds the next reply and returns the pipeline that it completes, if any.
    mutating func receive(_ reply: RedisReply, _ size: ReplySize) throws(RedisError) -> Finished? {
        guard let first = entries.first else {
            throw RedisError(.protocolViolation, "the server sent a reply without a command")
        }
        if isAffordable(size.bytes, within: first.replyBudget) {
            replyMemory += size.memory
            guard replyMemory <= maximumMemory else {
                throw .tooLarge("the replies to one pipeline need more than \(maximumMemory) bytes of memory")
            }
            replies.append(reply)
        } else {
            replies.append(.oversized(bytes: size.bytes))
        }
        guard replies.count == first.count else { return nil }
        entries.removeFirst()
        commandCount -= first.count
        byteCount -= first.byteCount
        defer {
            replies = []
            replyBytes = 0
            replyMemory = 0
            if let next = entries.first { replies.reserveCapacity(next.count) }
        }
        return Finished(entry: first, replies: replies)
    }

    /// Whether a reply of this size fits within the budget; if so, counts it.
    private mutating func isAffordable(_ bytes: Int, within budget: ReplyBudget) -> Bool {
        if bytes <= RedisPipeline.smallReply { return true }
        guard bytes <= budget.each, bytes <= budget.total - replyBytes else { return false }
        replyBytes += bytes
        return true
    }

    /// Removes all entries and returns their completions.
    mutating func removeAll() -> [RedisCompletion] {
        let completions = entries.map(\.completion)
        entries.removeAll()
        replies = []
        replyBytes = 0
        replyMemory = 0
        commandCount = 0
        byteCount = 0
        return completions
    }
}
