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

    /// A class, because a deque hands out copies: of a structure, each look at a batch would copy all of its fields.
    private final class Batch {
        /// The tag of the first message sent.
        let first: UInt64
        /// One per message of the batch, including those never sent.
        var outcomes: [AMQPPublishOutcome]
        /// The index in `outcomes` of each tag; empty if every message was sent, as tag and index then differ by a
        /// constant.
        let places: [Int]
        var isResolved: [Bool]
        var remaining: Int
        /// Messages that may be returned, by tag; nil once returned.
        var mandatory: [(tag: UInt64, message: AMQPMessage?)]
        var deadline: UInt64
        /// Nil once called.
        var waiter: Waiter?

        init(
            first: UInt64, outcomes: [AMQPPublishOutcome], places: [Int], count: Int,
            mandatory: [(tag: UInt64, message: AMQPMessage?)], deadline: UInt64, waiter: Waiter
        ) {
            self.first = first
            self.outcomes = outcomes
            self.places = places
            isResolved = Array(repeating: false, count: count)
            remaining = count
            self.mandatory = mandatory
            self.deadline = deadline
            self.waiter = waiter
        }

        var last: UInt64 { first + UInt64(isResolved.count) - 1 }

        func place(_ tag: UInt64) -> Int { places.isEmpty ? Int(tag - first) : places[Int(tag - first)] }

        /// Handles the broker's answer for one message.
        func mark(_ tag: UInt64, _ positive: Bool) {
            let offset = Int(tag - first)
            guard !isResolved[offset] else { return }
            isResolved[offset] = true
            remaining -= 1
            // The outcome is `confirmed` from the start, and stays `returned` when the ack arrives.
            if !positive { outcomes[place(tag)] = .rejected }
        }

        /// The result, once, when every message has one.
        func complete() -> Resolved? {
            guard remaining == 0, let waiter = waiter.take() else { return nil }
            return Resolved(waiter: waiter, outcomes: outcomes)
        }

        /// Gives up with the outcomes known so far. A returned message is known to be unroutable even before its ack.
        func giveUp(_ error: AMQPError) -> Resolved? {
            guard let waiter = waiter.take() else { return nil }
            var outcomes = outcomes
            for (offset, isResolved) in isResolved.enumerated() where !isResolved {
                let place = place(first + UInt64(offset))
                if outcomes[place] == .confirmed { outcomes[place] = .unknown(error) }
            }
            return Resolved(waiter: waiter, outcomes: outcomes)
        }
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
                first: first, outcomes: outcomes, places: sent.count == outcomes.count ? [] : sent, count: sent.count,
                mandatory: mandatory, deadline: deadline, waiter: waiter))
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
        for batch in batches {
            guard batch.first <= limit else { break }
            for tag in batch.first...min(limit, batch.last) { batch.mark(tag, positive) }
            if let done = batch.complete() { resolved.append(done) }
        }
        cutFront()
        return resolved
    }

    /// Handles a `basic.return`, which precedes its message's ack but does not name the tag: it belongs to the oldest
    /// equal message. Equal messages were returned for the same reason anyway.
    mutating func returned(_ address: ReturnAddress, _ properties: AMQPProperties, body: [UInt8]) {
        for batch in batches {
            let found = batch.mandatory.firstIndex { candidate in
                guard let message = candidate.message else { return false }
                return message.routingKey == address.routingKey && message.exchange == address.exchange
                    && message.properties.messageID == properties.messageID
                    && message.properties.correlationID == properties.correlationID && message.body == body
            }
            guard let found else { continue }
            batch.mandatory[found].message = nil
            batch.outcomes[batch.place(batch.mandatory[found].tag)] = .returned(
                replyCode: address.replyCode, replyText: address.replyText)
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
        for batch in batches where batch.deadline + grace <= now {
            if let given = batch.giveUp(error) { expired.append(given) }
        }
        return expired
    }

    /// Extends all pending deadlines by the time during which the broker blocked publishers.
    mutating func postpone(by nanoseconds: UInt64) {
        for batch in batches { batch.deadline += nanoseconds }
    }

    /// Discards all batches because the channel has ended. Returns the pending waiters with the outcomes known so far.
    package mutating func removeAll(because error: AMQPError) -> [Resolved] {
        defer { batches = [] }
        return batches.compactMap { $0.giveUp(error) }
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
        let batch = batches[low - 1]
        batch.mark(tag, positive)
        cutFront()
        return batch.complete()
    }

    private mutating func cutFront() {
        while batches.first?.remaining == 0 { batches.removeFirst() }
    }
}
