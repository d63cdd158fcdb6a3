import DequeModule

/// Tracks which published messages the broker has yet to confirm, batch by batch.
///
/// A confirm covers one tag or all tags up to one, in any order. `Waiter` is whatever the owner needs returned with the
/// outcomes of a batch.
package struct ConfirmTracker<Waiter> {
    /// A finished batch: every message has an outcome, even if it was given up.
    package struct Resolved {
        package var waiter: Waiter
        package var outcomes: [AMQPPublishOutcome]
    }

    private struct Batch {
        /// The tag of the first message sent.
        var first: UInt64
        /// One per message of the batch, including those never sent.
        var outcomes: [AMQPPublishOutcome]
        /// The index in `outcomes` of each tag; empty if every message was sent, as tag and index then differ by a
        /// constant.
        var places: [Int]
        var isResolved: [Bool]
        var remaining: Int
        /// Messages that may be returned, by tag; nil once returned.
        var mandatory: [(tag: UInt64, message: AMQPMessage?)]
        var deadline: UInt64
        /// Nil once called.
        var waiter: Waiter?

        var last: UInt64 { first + UInt64(isResolved.count) - 1 }

        func place(_ tag: UInt64) -> Int { places.isEmpty ? Int(tag - first) : places[Int(tag - first)] }
    }

    /// In tag order. Resolved batches at the front are removed; those between unresolved ones stay.
    private var batches = Deque<Batch>()
    private var nextTag: UInt64 = 1

    package init() {}

    package var isEmpty: Bool { batches.isEmpty }

    /// Records a batch that was just sent. `sent` contains the indices in `outcomes` of the messages written, in order;
    /// the other messages already have their outcome. At least one was sent.
    package mutating func add(
        outcomes: [AMQPPublishOutcome], sent: [Int], messages: [AMQPMessage], deadline: UInt64, waiter: Waiter
    ) {
        precondition(!sent.isEmpty, "a batch of nothing would never be confirmed")
        let first = nextTag
        nextTag += UInt64(sent.count)
        var mandatory: [(tag: UInt64, message: AMQPMessage?)] = []
        for (offset, place) in sent.enumerated() where messages[place].mandatory {
            mandatory.append((first + UInt64(offset), messages[place]))
        }
        batches.append(
            Batch(
                first: first, outcomes: outcomes, places: sent.count == outcomes.count ? [] : sent,
                isResolved: Array(repeating: false, count: sent.count), remaining: sent.count, mandatory: mandatory,
                deadline: deadline, waiter: waiter))
    }

    /// Handles a `basic.ack` (positive) or `basic.nack`, and returns the batches it completes.
    package mutating func confirm(tag: UInt64, multiple: Bool, positive: Bool) throws(AMQPError) -> [Resolved] {
        guard tag < nextTag, tag > 0 || multiple else {
            throw AMQPError(
                .protocolViolation, "the broker confirmed message \(tag), but only \(nextTag - 1) were published")
        }
        guard multiple else { return confirmOne(tag, positive).map { [$0] } ?? [] }
        // Tag 0 means all of them (§1.8.3.13).
        let limit = tag == 0 ? nextTag - 1 : tag
        var resolved: [Resolved] = []
        var index = 0
        while index < batches.count, batches[index].first <= limit {
            let last = min(limit, batches[index].last)
            for tag in batches[index].first...last { mark(tag, in: index, positive) }
            if let done = complete(index) { resolved.append(done) }
            index += 1
        }
        cutFront()
        return resolved
    }

    /// Handles a `basic.return`, which precedes its message's ack but does not name the tag: it belongs to the oldest
    /// equal message. Equal messages were returned for the same reason anyway.
    mutating func returned(_ address: ReturnAddress, _ properties: AMQPProperties, body: [UInt8]) {
        for index in batches.indices {
            let found = batches[index].mandatory.firstIndex { candidate in
                guard let message = candidate.message else { return false }
                return message.routingKey == address.routingKey && message.exchange == address.exchange
                    && message.properties.messageID == properties.messageID
                    && message.properties.correlationID == properties.correlationID && message.body == body
            }
            guard let found else { continue }
            batches[index].mandatory[found].message = nil
            let place = batches[index].place(batches[index].mandatory[found].tag)
            batches[index].outcomes[place] = .returned(replyCode: address.replyCode, replyText: address.replyText)
            return
        }
    }

    /// The earliest deadline of an unanswered batch.
    var earliestDeadline: UInt64? {
        batches.lazy.filter { $0.waiter != nil }.map(\.deadline).min()
    }

    /// Gives up the batches that are overdue by `grace`, and returns their waiters with the outcomes known so far. The
    /// messages stay recorded, because confirms may still arrive.
    package mutating func expire(now: UInt64, grace: UInt64 = 0, because error: AMQPError) -> [Resolved] {
        var expired: [Resolved] = []
        for index in batches.indices where batches[index].deadline + grace <= now {
            if let given = giveUp(index, error) { expired.append(given) }
        }
        return expired
    }

    /// Extends all pending deadlines by the time during which the broker blocked publishers.
    mutating func postpone(by nanoseconds: UInt64) {
        for index in batches.indices { batches[index].deadline += nanoseconds }
    }

    /// Discards all batches because the channel has ended. Returns the pending waiters with the outcomes known so far.
    package mutating func removeAll(because error: AMQPError) -> [Resolved] {
        defer { batches = [] }
        return batches.indices.compactMap { giveUp($0, error) }
    }

    /// Gives up a batch with the outcomes known so far. A returned message is known to be unroutable even before its
    /// ack.
    private mutating func giveUp(_ index: Int, _ error: AMQPError) -> Resolved? {
        guard let waiter = batches[index].waiter else { return nil }
        batches[index].waiter = nil
        var outcomes = batches[index].outcomes
        for (offset, isResolved) in batches[index].isResolved.enumerated() where !isResolved {
            let place = batches[index].place(batches[index].first + UInt64(offset))
            if outcomes[place] == .confirmed { outcomes[place] = .unknown(error) }
        }
        return Resolved(waiter: waiter, outcomes: outcomes)
    }

    private mutating func confirmOne(_ tag: UInt64, _ positive: Bool) -> Resolved? {
        // The last batch that starts at or before the tag.
        var low = 0
        var high = batches.count
        while low < high {
            let middle = (low + high) / 2
            if batches[middle].first <= tag { low = middle + 1 } else { high = middle }
        }
        // Before the first batch: resolved long ago. RabbitMQ does not confirm twice; if it did, that would be
        // harmless.
        guard low > 0 else { return nil }
        mark(tag, in: low - 1, positive)
        let resolved = complete(low - 1)
        cutFront()
        return resolved
    }

    private mutating func mark(_ tag: UInt64, in index: Int, _ positive: Bool) {
        let offset = Int(tag - batches[index].first)
        guard !batches[index].isResolved[offset] else { return }
        batches[index].isResolved[offset] = true
        batches[index].remaining -= 1
        // The outcome is `confirmed` from the start, and stays `returned` when the ack arrives.
        if !positive { batches[index].outcomes[batches[index].place(tag)] = .rejected }
    }

    private mutating func complete(_ index: Int) -> Resolved? {
        guard batches[index].remaining == 0, let waiter = batches[index].waiter else { return nil }
        batches[index].waiter = nil
        return Resolved(waiter: waiter, outcomes: batches[index].outcomes)
    }

    private mutating func cutFront() {
        while batches.first?.remaining == 0 { batches.removeFirst() }
    }
}
