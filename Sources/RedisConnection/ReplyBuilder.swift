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
    private(set) var violation: String?

    /// The server announces how many elements follow. Room is made for this many at most, so that an announcement
    /// alone cannot take the memory.
    private static let largestReservation = 1024

    mutating func beginArray(count: Int) {
        guard count > 0 else { return append(.array([])) }
        var elements: [RedisReply] = []
        elements.reserveCapacity(min(count, Self.largestReservation))
        open.append(OpenArray(elements: elements, count: count))
    }

    mutating func append(_ value: RedisReply) {
        var value = value
        while let last = open.indices.last {
            open[last].elements.append(value)
            guard open[last].elements.count == open[last].count else { return }
            value = .array(open[last].elements)
            open.removeLast()
        }
        finished = value
    }

    mutating func refuse(_ violation: String) {
        self.violation = violation
    }

    /// The reply, once, when it is whole.
    mutating func take() -> RedisReply? {
        finished.take()
    }
}
