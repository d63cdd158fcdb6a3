import AMQPNIO
import DequeModule
package import SessionContract

/// Deliveries that are being processed. They cannot be copied: their owner either puts them back or acknowledges them,
/// exactly once, and acknowledging requires the proof that their results are published.
package struct UnacknowledgedBatch: ~Copyable {
    package private(set) var items: [LaneItem]
    /// Identifies this batch within its backlog; the proof contains the same number.
    package let number: UInt64

    fileprivate init(_ items: [LaneItem], number: UInt64) {
        self.items = items
        self.number = number
    }

    package var isEmpty: Bool { items.isEmpty }
    package var count: Int { items.count }

    /// Removes the items at some places, and returns them.
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

/// What can be acknowledged after a batch is finished. Also serves as the proof that it is, without which nothing is
/// cleared from the outbox.
package struct Acknowledged: ~Copyable {
    package let acknowledgements: [LaneAcknowledgement]

    fileprivate init(_ acknowledgements: [LaneAcknowledgement]) {
        self.acknowledgements = acknowledgements
    }
}

/// The unfinished commands of a lane: decides what is next, whether there is room for more, and what can be
/// acknowledged.
///
/// A value, so that it can be tested without a server.
package struct LaneBacklog {
    /// Which commands are processed together.
    package enum Turn {
        /// Commands of many subjects.
        case shared
        /// Commands of large subjects: the first subject is processed on its own.
        case apart
    }

    package struct Limits: Sendable {
        /// The in-flight limit in bytes, from the socket to the acknowledgement, because prefetch only counts messages.
        /// Reading pauses at the limit, and resumes at half of it.
        var heldBytes: Int
        /// Bytes of results waiting for confirms, beyond which no batch begins.
        var outgoingBytes = 8 << 20
        /// Commands per batch: enough to spread the cost of two round trips, few enough to be answered soon.
        var batch = 512
        /// Bytes of bodies per batch, after its first command: what a batch writes to Redis grows with them.
        var batchBytes = 4 << 20
        /// Commands of a large subject that are processed together.
        var batchApart = 64

        package init(heldBytes: Int) {
            self.heldBytes = heldBytes
        }
    }

    private struct Source {
        let queue: Topology.CommandQueue
        var items = Deque<LaneItem>()
        /// Which of the queue's deliveries have been acknowledged. Each queue has its own channel.
        var window = AcknowledgementWindow()
    }

    private let limits: Limits
    /// In the order in which they are served. Few enough for a linear search.
    private var sources: [Source]
    /// Commands that did not fit into their batch. They have waited the longest.
    private var again = Deque<LaneItem>()
    private var apart = Deque<LaneItem>()
    /// Whose turn it is if both kinds are waiting: they alternate.
    private var turn = Turn.shared
    private var lastNumber: UInt64 = 0
    private(set) var heldBytes = 0
    private(set) var outgoingBytes = 0
    /// Whether the in-flight limit was reached, so that reading should pause.
    private(set) var isFull = false

    package init(of queues: [Topology.CommandQueue], limits: Limits) {
        self.limits = limits
        sources = queues.map { Source(queue: $0) }
    }

    /// Deliveries of a queue that are not acknowledged; `place` is the queue's in the order of service.
    func unacknowledged(at place: Int) -> Int { sources[place].window.count }

    /// Whether no command is waiting.
    var isEmpty: Bool { !hasShared && apart.isEmpty }

    package mutating func add(_ items: [LaneItem], from queue: Topology.CommandQueue) {
        guard let place = sources.firstIndex(where: { $0.queue == queue }) else {
            preconditionFailure("a lane only consumes from its own queues")
        }
        for item in items { sources[place].window.add(item.delivery.deliveryTag) }
        sources[place].items += items
        heldBytes += items.reduce(0) { $0 + $1.heldBytes }
        if heldBytes > limits.heldBytes { isFull = true }
    }

    private var hasShared: Bool { !again.isEmpty || sources.contains { !$0.items.isEmpty } }
}

// MARK: - The next batch

extension LaneBacklog {
    /// The kind of the next batch; `nil` if nothing is waiting, or if too many results are unconfirmed.
    ///
    /// - Parameter mayGoApart: whether a large subject may be processed now.
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

// MARK: - Finishing a batch

extension LaneBacklog {
    /// Splits off the items at the places for which `isTaken` is true.
    mutating func split(_ batch: inout UnacknowledgedBatch, taking isTaken: (Int) -> Bool) -> UnacknowledgedBatch {
        makeBatch(of: batch.take(isTaken))
    }

    /// Splits off all items.
    mutating func splitAll(_ batch: inout UnacknowledgedBatch) -> UnacknowledgedBatch {
        makeBatch(of: batch.takeAll())
    }

    /// Takes back commands that did not fit into their batch.
    package mutating func putBack(_ batch: consuming UnacknowledgedBatch, _ turn: Turn) {
        switch turn {
        case .shared: again += batch.items
        case .apart: apart += batch.items
        }
    }

    /// Finishes a batch, and returns what can be acknowledged now, in as few frames as possible. Deliveries behind a
    /// slow command are acknowledged individually; otherwise they would use up the prefetch.
    ///
    /// - Parameter proof: that the batch's results are published.
    package mutating func acknowledge(
        _ batch: consuming UnacknowledgedBatch, with proof: consuming Confirmation
    ) -> Acknowledged {
        precondition(proof.batch == batch.number, "the proof must belong to this batch")
        for place in sources.indices {
            for item in batch.items where item.queue == sources[place].queue {
                sources[place].window.finish(item.delivery.deliveryTag)
            }
        }
        release(batch.items)
        return Acknowledged(takeAcknowledgements())
    }

    /// Returns a batch to its queues: what to put back, and what can be acknowledged after that.
    mutating func giveBack(
        _ batch: consuming UnacknowledgedBatch
    ) -> (deliveries: [LaneDelivery], acknowledgements: [LaneAcknowledgement]) {
        for place in sources.indices {
            for item in batch.items where item.queue == sources[place].queue {
                sources[place].window.remove(item.delivery.deliveryTag)
            }
        }
        release(batch.items)
        let deliveries = batch.items.map { LaneDelivery(queue: $0.queue, tag: $0.delivery.deliveryTag) }
        return (deliveries, takeAcknowledgements())
    }

    /// No longer accounts for these items.
    private mutating func release(_ items: [LaneItem]) {
        heldBytes -= items.reduce(0) { $0 + $1.heldBytes }
        if heldBytes <= limits.heldBytes / 2 { isFull = false }
    }

    private mutating func takeAcknowledgements() -> [LaneAcknowledgement] {
        var acknowledgements: [LaneAcknowledgement] = []
        for place in sources.indices {
            let queue = sources[place].queue
            for tag in sources[place].window.takeOvertaking() {
                acknowledgements.append(LaneAcknowledgement(queue: queue, tag: tag, multiple: false))
            }
            if let tag = sources[place].window.takeAcknowledgement() {
                acknowledgements.append(LaneAcknowledgement(queue: queue, tag: tag, multiple: true))
            }
        }
        return acknowledgements
    }

    /// Accounts for results that are being published.
    mutating func beginPublishing(_ bytes: Int) {
        outgoingBytes += bytes
    }

    mutating func endPublishing(_ bytes: Int) {
        outgoingBytes -= bytes
    }
}
