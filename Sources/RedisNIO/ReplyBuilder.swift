/// Assembles replies from the values that the reader finds, outermost first.
///
/// The reader expects an object for each value, and returns it inside its parent or to be freed. Passing it retained
/// Swift objects would cost an allocation and a release per value, and would leak or double-free wherever its notion of
/// ownership differs from ours. Instead the values stay here, on a stack of unfinished arrays, and the reader only gets
/// a token. Whatever is unfinished when the connection ends is freed with this value.
struct ReplyBuilder {
    private struct OpenArray {
        var elements: [RedisReply]
        let count: Int
    }

    /// The unfinished arrays, innermost last. The reader limits how deep they nest.
    private var open: [OpenArray] = []
    private var finished: RedisReply?
    /// Why the last value was refused, if it was refused here and not by the reader.
    private(set) var violation: RedisError?

    /// The limit on elements reserved in advance: the server announces how many follow, and an announcement alone must
    /// not exhaust memory.
    private static let largestReservation = 1024
    /// The overhead of an array or a text in bytes: its header and the allocator's rounding.
    private static let allocation = 48

    private let maximumMemory: Int
    private var memory = 0

    /// - Parameter maximumMemory: the approximate memory that a reply may use, in bytes.
    init(maximumMemory: Int) {
        self.maximumMemory = maximumMemory
    }

    mutating func beginArray(count: Int) {
        guard count > 0 else { return append(.array([])) }
        let reservation = min(count, Self.largestReservation)
        guard takeUp(Self.allocation + reservation * MemoryLayout<RedisReply>.stride) else { return }
        var elements: [RedisReply] = []
        elements.reserveCapacity(reservation)
        open.append(OpenArray(elements: elements, count: count))
    }

    /// Call before creating a status, an error or a bulk string of this many bytes.
    ///
    /// - Returns: whether it fits within the limit.
    mutating func makeRoom(for bytes: Int) -> Bool {
        takeUp(Self.allocation + bytes)
    }

    mutating func append(_ value: RedisReply) {
        guard takeUp(MemoryLayout<RedisReply>.stride) else { return }
        var value = value
        while let last = open.indices.last {
            open[last].elements.append(value)
            guard open[last].elements.count == open[last].count else { return }
            value = .array(open[last].elements)
            open.removeLast()
        }
        finished = value
    }

    private mutating func takeUp(_ bytes: Int) -> Bool {
        // Cannot overflow: the sum so far is within the limit, and no string is longer than what was received.
        memory += bytes
        if memory > maximumMemory { fail(.tooLarge("a reply needs more than \(maximumMemory) bytes of memory")) }
        return violation == nil
    }

    mutating func fail(_ violation: RedisError) {
        self.violation = violation
    }

    /// Returns the complete reply, once, with the memory it uses.
    mutating func take() -> (RedisReply, memory: Int)? {
        guard let reply = finished.take() else { return nil }
        defer { memory = 0 }
        return (reply, memory)
    }
}
