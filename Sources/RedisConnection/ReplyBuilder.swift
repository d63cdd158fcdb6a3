/// Puts together replies from the values that the reader finds, outermost first.
///
/// The reader wants an object for each value and gives it back inside its parent or to be freed. Handing it retained
/// Swift objects would cost an allocation and a release per value, and a leak or a double free wherever its idea of
/// ownership and ours differ. Instead the values stay here, on a stack of arrays being filled, and the reader only
/// gets a token: what is unfinished when the connection ends goes away with this value.
struct ReplyBuilder {
    private struct OpenArray {
        var elements: [RedisReply]
        let count: Int
    }

    /// The arrays that still lack elements, the innermost last. The reader bounds how many there can be.
    private var open: [OpenArray] = []
    private var finished: RedisReply?
    /// What was wrong with the last value, where it was we who refused it.
    private(set) var violation: RedisError?

    /// The server announces how many elements follow. Room is made for this many at most, so that an announcement
    /// alone cannot take the memory.
    private static let largestReservation = 1024
    /// What an array or a text takes beside its content: its header, and what the allocator rounds up to.
    private static let allocation = 48

    private let maximumMemory: Int
    private var memory = 0

    /// - Parameter maximumMemory: what a reply may take up, in bytes, about.
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

    /// Before a status, an error or a bulk string of this many bytes is made.
    ///
    /// - Returns: whether there is room for it.
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
        // What came so far is within the bound, and no string is longer than what was received of it: no overflow.
        memory += bytes
        if memory > maximumMemory { refuse(.tooLarge("a reply takes up more than \(maximumMemory) bytes of memory")) }
        return violation == nil
    }

    mutating func refuse(_ violation: RedisError) {
        self.violation = violation
    }

    /// The reply, once, when it is whole, with what it takes up in memory.
    mutating func take() -> (RedisReply, memory: Int)? {
        guard let reply = finished.take() else { return nil }
        defer { memory = 0 }
        return (reply, memory)
    }
}
