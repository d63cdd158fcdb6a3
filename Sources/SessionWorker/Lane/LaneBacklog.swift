import AMQPConnection
import DequeModule
import SessionContract

/// The commands that a lane has and has not finished: what is next, and whether there is room for more.
///
/// A value, so that it can be tested without a server: the lane does what it says.
struct LaneBacklog {
    /// What is carried out together.
    enum Batch {
        /// Commands on many subjects.
        case shared([LaneItem])
        /// Commands on subjects that are too large for that: the first subject among them is carried out alone.
        case apart([LaneItem])
    }

    struct Limits {
        /// Bytes that are held of commands, from the socket to the acknowledgement, before nothing more is read; prefetch
        /// counts messages only. With half of them gone reading goes on.
        var heldBytes: Int
        /// Bytes of results that wait for RabbitMQ, before nothing more is carried out.
        var outgoingBytes = 8 << 20
        /// Commands in one batch: enough to spread the cost of two round trips, few enough to be answered soon.
        var batch = 512
        /// Bytes of bodies in one batch, beyond its first command: what a batch writes to Redis grows with them.
        var batchBytes = 4 << 20
        /// Commands that are carried out apart at once.
        var batchApart = 64
    }

    private let limits: Limits
    /// In the order in which they are served.
    private var queues: [(queue: Topology.CommandQueue, items: Deque<LaneItem>)]
    /// What had no room in its batch: it has waited longer than all others.
    private var again = Deque<LaneItem>()
    private var apart = Deque<LaneItem>()
    /// Whether it is their turn now: they alternate with the others.
    private var isTurnOfApart = false
    private(set) var heldBytes = 0
    private(set) var outgoingBytes = 0
    /// Whether so much is held that nothing more should be read.
    private(set) var isFull = false

    init(of queues: [Topology.CommandQueue], limits: Limits) {
        self.limits = limits
        self.queues = queues.map { ($0, []) }
    }

    /// Whether nothing waits to be carried out.
    var isEmpty: Bool { !hasShared && apart.isEmpty }

    /// Whether a batch may be begun, as far as what is on its way out goes.
    var mayBegin: Bool { outgoingBytes <= limits.outgoingBytes }

    mutating func add(_ items: [LaneItem], from queue: Topology.CommandQueue) {
        guard let place = queues.firstIndex(where: { $0.queue == queue }) else {
            preconditionFailure("a lane consumes from its own queues only")
        }
        queues[place].items += items
        heldBytes += items.reduce(0) { $0 + $1.heldBytes }
        if heldBytes > limits.heldBytes { isFull = true }
    }

    /// Takes commands back that there was no room for in their batch.
    mutating func putBack(again: [LaneItem], apart: [LaneItem]) {
        self.again += again
        self.apart += apart
    }

    /// What to carry out next; `nil` if there is nothing, or no room for what would come of it.
    ///
    /// - Parameter mayGoApart: whether a large subject may be carried out now.
    mutating func next(mayGoApart: () -> Bool) -> Batch? {
        guard mayBegin else { return nil }
        if isTurnOfApart || !hasShared, !apart.isEmpty, mayGoApart() {
            isTurnOfApart = false
            let batch = Array(apart.prefix(limits.batchApart))
            apart.removeFirst(batch.count)
            return .apart(batch)
        }
        isTurnOfApart = true
        let batch = takeShared()
        return batch.isEmpty ? nil : .shared(batch)
    }

    /// Notes results that are on their way out.
    mutating func beginPublishing(_ bytes: Int) {
        outgoingBytes += bytes
    }

    mutating func endPublishing(_ bytes: Int) {
        outgoingBytes -= bytes
    }

    /// Notes commands that are finished.
    mutating func finish(_ items: [LaneItem]) {
        heldBytes -= items.reduce(0) { $0 + $1.heldBytes }
        if heldBytes <= limits.heldBytes / 2 { isFull = false }
    }

    private var hasShared: Bool { !again.isEmpty || queues.contains { !$0.items.isEmpty } }

    private mutating func takeShared() -> [LaneItem] {
        var batch: [LaneItem] = []
        var bytes = 0
        take(from: &again, into: &batch, &bytes)
        for place in queues.indices { take(from: &queues[place].items, into: &batch, &bytes) }
        return batch
    }

    private func take(from items: inout Deque<LaneItem>, into batch: inout [LaneItem], _ bytes: inout Int) {
        var count = 0
        for item in items {
            guard batch.count < limits.batch else { break }
            bytes += item.delivery.body.count
            guard bytes <= limits.batchBytes || batch.isEmpty else { break }
            batch.append(item)
            count += 1
        }
        items.removeFirst(count)
    }
}
