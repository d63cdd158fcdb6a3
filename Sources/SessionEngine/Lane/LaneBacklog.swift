import AMQPNIO
import DequeModule
package import SessionContract

/// Deliveries that are neither acknowledged nor waiting their turn. They cannot be copied: whoever has them either puts
/// them back or acknowledges them, once, and for the latter brings the proof that what they came to is published.
package struct UnacknowledgedBatch: ~Copyable {
    package private(set) var items: [LaneItem]
    /// Tells this batch from every other of its backlog, as its proof does.
    package let number: UInt64

    fileprivate init(_ items: [LaneItem], number: UInt64) {
        self.items = items
        self.number = number
    }

    package var isEmpty: Bool { items.isEmpty }
    package var count: Int { items.count }

    /// Takes some of them out, by their places.
    fileprivate mutating func take(_ isTaken: (Int) -> Bool) -> [LaneItem] {
        var taken: [LaneItem] = []
        var kept: [LaneItem] = []
        for (place, item) in items.enumerated() {
            if isTaken(place) { taken.append(item) } else { kept.append(item) }
        }
        items = kept
        return taken
    }

    fileprivate mutating func takeAll() -> [LaneItem] {
        defer { items = [] }
        return items
    }
}

/// What can be acknowledged now that a batch is finished: and so the proof that it is, without which nothing leaves the outbox.
package struct Acknowledged: ~Copyable {
    package let acknowledgements: [LaneAcknowledgement]

    fileprivate init(_ acknowledgements: [LaneAcknowledgement]) {
        self.acknowledgements = acknowledgements
    }
}

/// The commands that a lane has and has not finished: what is next, whether there is room for more, and what can be
/// acknowledged.
///
/// A value, so that it can be tested without a server: the lane does what it says.
package struct LaneBacklog {
    /// What is carried out together.
    package enum Turn {
        /// Commands on many subjects.
        case shared
        /// Commands on subjects that are too large for that: the first subject among them is carried out alone.
        case apart
    }

    package struct Limits: Sendable {
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

        package init(heldBytes: Int) {
            self.heldBytes = heldBytes
        }
    }

    private struct Source {
        let queue: Topology.CommandQueue
        var items = Deque<LaneItem>()
        /// What of the queue's deliveries is acknowledged. They come over a channel of their own.
        var window = AcknowledgementWindow()
    }

    private let limits: Limits
    /// In the order in which they are served. Few enough to be searched through.
    private var sources: [Source]
    /// What had no room in its batch: it has waited longer than all others.
    private var again = Deque<LaneItem>()
    private var apart = Deque<LaneItem>()
    /// Whose turn it is where both have something: they alternate.
    private var turn = Turn.shared
    private var lastNumber: UInt64 = 0
    private(set) var heldBytes = 0
    private(set) var outgoingBytes = 0
    /// Whether so much is held that nothing more should be read.
    private(set) var isFull = false

    package init(of queues: [Topology.CommandQueue], limits: Limits) {
        self.limits = limits
        sources = queues.map { Source(queue: $0) }
    }

    /// Whether nothing waits to be carried out.
    var isEmpty: Bool { !hasShared && apart.isEmpty }

    package mutating func add(_ items: [LaneItem], from queue: Topology.CommandQueue) {
        guard let place = sources.firstIndex(where: { $0.queue == queue }) else {
            preconditionFailure("a lane consumes from its own queues only")
        }
        for item in items { sources[place].window.add(item.delivery.deliveryTag) }
        sources[place].items += items
        heldBytes += items.reduce(0) { $0 + $1.heldBytes }
        if heldBytes > limits.heldBytes { isFull = true }
    }

    private var hasShared: Bool { !again.isEmpty || sources.contains { !$0.items.isEmpty } }
}

// MARK: - What is next

extension LaneBacklog {
    /// Whose commands are next; `nil` if there are none, or no room for what would come of them.
    ///
    /// - Parameter mayGoApart: whether a large subject may be carried out now.
    func next(mayGoApart: Bool) -> Turn? {
        guard outgoingBytes <= limits.outgoingBytes else { return nil }
        if mayGoApart, !apart.isEmpty, turn == .apart || !hasShared { return .apart }
        return hasShared ? .shared : nil
    }

    package mutating func takeShared() -> UnacknowledgedBatch {
        turn = .apart
        var batch: [LaneItem] = []
        var bytes = 0
        take(from: &again, into: &batch, &bytes)
        for place in sources.indices { take(from: &sources[place].items, into: &batch, &bytes) }
        return makeBatch(of: batch)
    }

    mutating func takeApart() -> UnacknowledgedBatch {
        turn = .shared
        let batch = Array(apart.prefix(limits.batchApart))
        apart.removeFirst(batch.count)
        return makeBatch(of: batch)
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

    private mutating func makeBatch(of items: [LaneItem]) -> UnacknowledgedBatch {
        lastNumber += 1
        return UnacknowledgedBatch(items, number: lastNumber)
    }
}

// MARK: - What becomes of a batch

extension LaneBacklog {
    /// Divides a batch: what is at the places that `isTaken` is true for leaves it.
    mutating func split(_ batch: inout UnacknowledgedBatch, taking isTaken: (Int) -> Bool) -> UnacknowledgedBatch {
        makeBatch(of: batch.take(isTaken))
    }

    /// Divides a batch: all of it leaves.
    mutating func splitAll(_ batch: inout UnacknowledgedBatch) -> UnacknowledgedBatch {
        makeBatch(of: batch.takeAll())
    }

    /// Takes commands back that there was no room for in their batch.
    package mutating func putBack(_ batch: consuming UnacknowledgedBatch, _ turn: Turn) {
        switch turn {
        case .shared: again += batch.items
        case .apart: apart += batch.items
        }
    }

    /// Finishes a batch, and gives what can be acknowledged of its queues now, as much as goes in one; what waits behind a
    /// command that takes long is acknowledged by itself, or it would use up the prefetch.
    ///
    /// - Parameter proof: that what the batch came to is published.
    package mutating func acknowledge(
        _ batch: consuming UnacknowledgedBatch, with proof: consuming Confirmation
    ) -> Acknowledged {
        precondition(proof.batch == batch.number, "a batch is acknowledged for what it came to itself")
        var acknowledgements: [LaneAcknowledgement] = []
        for place in sources.indices {
            let queue = sources[place].queue
            for item in batch.items where item.queue == queue {
                sources[place].window.finish(item.delivery.deliveryTag)
            }
            for tag in sources[place].window.takeOvertaking() {
                acknowledgements.append(LaneAcknowledgement(queue: queue, tag: tag, multiple: false))
            }
            if let tag = sources[place].window.takeAcknowledgement() {
                acknowledgements.append(LaneAcknowledgement(queue: queue, tag: tag, multiple: true))
            }
        }
        heldBytes -= batch.items.reduce(0) { $0 + $1.heldBytes }
        if heldBytes <= limits.heldBytes / 2 { isFull = false }
        return Acknowledged(acknowledgements)
    }

    /// Notes results that are on their way out.
    mutating func beginPublishing(_ bytes: Int) {
        outgoingBytes += bytes
    }

    mutating func endPublishing(_ bytes: Int) {
        outgoingBytes -= bytes
    }
}
