import NIOCore

/// Called with the replies to a pipeline, on the event loop, once.
package typealias RedisCompletion = (Result<[RedisReply], RedisError>) -> Void

/// The pipelines that wait for replies, oldest first. Replies come in the order of the commands, so all that is needed
/// to match them is counting.
struct ReplyQueue {
    struct Entry {
        let count: Int
        let byteCount: Int
        let deadline: NIODeadline
        let replyBudget: ReplyBudget
        /// What was written, when parts of it may have to be repeated: it evaluates scripts.
        let repeatable: RedisPipeline?
        let completion: RedisCompletion
    }

    struct Finished {
        let entry: Entry
        let replies: [RedisReply]
    }

    private var entries = CircularBuffer<Entry>()
    /// The replies of the first entry so far.
    private var replies: [RedisReply] = []
    /// The bytes of those that its budget counts.
    private var replyBytes = 0
    /// What they take up in memory, in bytes, about.
    private var replyMemory = 0
    private let maximumMemory: Int
    private(set) var commandCount = 0
    private(set) var byteCount = 0

    /// - Parameter maximumMemory: what the replies to one pipeline may take up together, in bytes, about.
    init(maximumMemory: Int) {
        self.maximumMemory = maximumMemory
    }

    var isEmpty: Bool { entries.isEmpty }

    /// When the oldest pipeline has waited for too long. No other is due earlier, as all may take equally long.
    var firstDeadline: NIODeadline? { entries.first?.deadline }

    mutating func append(_ entry: Entry) {
        if entries.isEmpty { replies.reserveCapacity(entry.count) }
        entries.append(entry)
        commandCount += entry.count
        byteCount += entry.byteCount
    }

    /// Takes the next reply, and returns the pipeline that it completes.
    mutating func receive(_ reply: RedisReply, _ size: ReplySize) throws(RedisError) -> Finished? {
        guard let first = entries.first else {
            throw RedisError(.protocolViolation, "the server sent a reply to nothing")
        }
        if isAffordable(size.bytes, within: first.replyBudget) {
            replyMemory += size.memory
            guard replyMemory <= maximumMemory else {
                throw .tooLarge("the replies to one pipeline take up more than \(maximumMemory) bytes of memory")
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

    /// Whether there is room for a reply of this size; it is counted if so.
    private mutating func isAffordable(_ bytes: Int, within budget: ReplyBudget) -> Bool {
        if bytes <= RedisPipeline.smallReply { return true }
        guard bytes <= budget.each, bytes <= budget.total - replyBytes else { return false }
        replyBytes += bytes
        return true
    }

    /// Gives up on all of them.
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
