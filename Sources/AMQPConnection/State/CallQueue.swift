import DequeModule

/// The questions of one channel and their answers: one is out at a time, the others wait in order.
///
/// AMQP answers carry no number, so two of a kind could not be told apart otherwise.
struct CallQueue<Waiter> {
    struct Call {
        var method: ClientMethod
        var expects: ServerMethod.Reply
        var waiter: Waiter
    }

    /// Calls that may wait at most: topology is some dozens, and who asks more without awaiting has gone wrong.
    static var limit: Int { 1024 }

    private var waiting = Deque<Call>()
    /// The call that is out.
    private(set) var current: Call?

    /// Adds a call, and says whether it is to be sent now. False means full.
    mutating func add(_ call: Call) -> Bool {
        guard waiting.count < Self.limit else { return false }
        waiting.append(call)
        return true
    }

    /// The next call to send, unless one is out.
    mutating func next() -> Call? {
        guard current == nil else { return nil }
        current = waiting.popFirst()
        return current
    }

    /// Takes the answer to the call that is out; nil if it is the answer to something else.
    mutating func answer(_ reply: ServerMethod.Reply) -> Waiter? {
        guard let call = current, call.expects == reply else { return nil }
        current = nil
        return call.waiter
    }

    /// Drops the call that is out, since it could not be sent.
    mutating func dropCurrent() { current = nil }

    /// Forgets all calls: the channel is gone. Gives back who still waits, in order.
    mutating func removeAll() -> [Waiter] {
        defer {
            waiting = []
            current = nil
        }
        return (current.map { [$0] } ?? []).map(\.waiter) + waiting.map(\.waiter)
    }
}
