import DequeModule

/// The calls of one channel and their answers: one call is outstanding at a time, the others wait in order.
///
/// AMQP answers carry no correlation id, so two answers of one kind could not be told apart otherwise.
struct CallQueue<Waiter> {
    struct Call {
        var method: ClientMethod
        var expects: ServerMethod.Reply
        var waiter: Waiter
    }

    /// The most calls that may be queued: declaring a topology takes a few dozen, so a caller that queues more without
    /// awaiting has a bug.
    static var limit: Int { 1024 }

    private var waiting = Deque<Call>()
    /// The outstanding call.
    private(set) var current: Call?

    /// Adds a call. Returns false if the queue is full.
    mutating func add(_ call: Call) -> Bool {
        guard waiting.count < Self.limit else { return false }
        waiting.append(call)
        return true
    }

    /// The next call to send, unless one is outstanding.
    mutating func next() -> Call? {
        guard current == nil else { return nil }
        current = waiting.popFirst()
        return current
    }

    /// Takes the answer to the outstanding call; nil if the answer belongs to another call.
    mutating func answer(_ reply: ServerMethod.Reply) -> Waiter? {
        guard let call = current, call.expects == reply else { return nil }
        current = nil
        return call.waiter
    }

    /// Drops the outstanding call because it could not be sent.
    mutating func dropCurrent() { current = nil }

    /// Discards all calls because the channel has ended. Returns their waiters, in order.
    mutating func removeAll() -> [Waiter] {
        defer {
            waiting = []
            current = nil
        }
        return (current.map { [$0] } ?? []).map(\.waiter) + waiting.map(\.waiter)
    }
}
