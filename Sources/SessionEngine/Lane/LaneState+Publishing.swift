import AMQPNIO
import BasicContainers
import NIOCore
import SessionContract
import SessionStorage

// From completions to the acknowledgement, and clearing the outbox.
extension LaneState {
    mutating func publish(
        _ batch: consuming UnacknowledgedBatch, _ completions: [Completion], _ actions: inout [LaneAction]
    ) {
        // What goes to quarantine is published apart: nothing else waits while quarantine refuses it.
        guard completions.contains(where: \.isQuarantined) else { return publishAll(batch, completions, &actions) }
        var good = batch
        let bad = backlog.split(&good) { completions[$0].isQuarantined }
        publishAll(bad, completions.filter(\.isQuarantined), &actions)
        if !good.isEmpty { publishAll(good, completions.filter { !$0.isQuarantined }, &actions) }
    }

    private mutating func publishAll(
        _ batch: consuming UnacknowledgedBatch, _ completions: [Completion], _ actions: inout [LaneAction]
    ) {
        var out = OutgoingBatch()
        out.reserve(batch.count)
        for (item, completion) in zip(batch.items, completions) {
            parts.outgoing.append(completion, of: item, queue: parts.name(of: item.queue), to: &out)
        }
        publish(batch, out, &actions)
    }

    mutating func publish(
        _ batch: consuming UnacknowledgedBatch, _ out: OutgoingBatch, _ actions: inout [LaneAction]
    ) {
        let id = PublicationID(number: nextNumber())
        backlog.beginPublishing(out.heldBytes)
        if out.records.isEmpty {
            trace(.publish(id), size: out.messages.count + out.replies.count, for: batch.items, &actions)
            actions.append(.publish(id, out.messages, replies: out.replies))
        } else {
            trace(.record(id), size: out.records.count, for: batch.items, &actions)
            actions.append(.record(id, out.records))
        }
        publications.append(Publication(out, of: batch, id: id))
    }

    /// Batches that may wait for the audit log. While it cannot be written to, no further command is carried out.
    static var mostRecordings: Int { 4 }

    var recordings: Int {
        publications.indices.reduce(0) { $0 + (publications[$1].stage == .recording ? 1 : 0) }
    }

    /// Nobody learns of an effect before it is in the audit log.
    mutating func recorded(_ id: PublicationID, _ actions: inout [LaneAction]) {
        // The publication is gone if the lane was lost in the meantime.
        guard var publication = takePublication(id) else { return }
        let replies = publication.beginPublishing()
        trace(.publish(id), size: publication.messages.count + replies.count, for: publication.items, &actions)
        actions.append(.publish(id, publication.messages, replies: replies))
        publications.append(publication)
    }

    mutating func published(
        _ id: PublicationID, _ outcomes: [AMQPPublishOutcome], isChannelOpen: Bool, now: NIODeadline,
        _ actions: inout [LaneAction]
    ) {
        guard let publication = takePublication(id) else {
            preconditionFailure("no such publication")
        }
        let heldBytes = publication.heldBytes
        if case .lost = phase { return }
        var refused = RefusedMessages()
        let step = publication.settle(outcomes, isChannelOpen: isChannelOpen, refused: &refused, using: &random)
        for report in refused.reports { actions.append(.report(report)) }
        offer(refused.copies, now: now, &actions)
        switch consume step {
        case .confirmed(let batch, let confirmation, let events):
            if refused.reports.isEmpty { actions.append(.report(.taken)) }
            actions.append(.report(.answered(batch.items, events: events.count)))
            backlog.endPublishing(heldBytes)
            let acknowledged = backlog.acknowledge(batch, with: confirmation)
            readAsThereIsRoom(&actions)
            if !acknowledged.acknowledgements.isEmpty {
                actions.append(.acknowledge(acknowledged.acknowledgements))
            }
            clear(events.clear(after: acknowledged), of: id, &actions)
        case .again(let publication, let pause):
            actions.append(.startTimer(.quarantine(id), after: pause))
            publications.append(publication)
        case .failed(let error): lose(because: error, &actions)
        }
    }

    private mutating func clear(
        _ references: [OutboxEntry.Reference], of id: PublicationID, _ actions: inout [LaneAction]
    ) {
        guard !references.isEmpty else { return }
        clearing.insert(id)
        actions.append(.clear(id, references))
    }

    /// The pause before publishing to quarantine again is over.
    mutating func publishAgain(_ id: PublicationID, _ actions: inout [LaneAction]) {
        // The publication is gone if the lane was lost in the meantime.
        guard var publication = takePublication(id) else { return }
        publication.resume()
        actions.append(.publish(id, publication.messages, replies: []))
        publications.append(publication)
    }

    private mutating func takePublication(_ id: PublicationID) -> Publication? {
        for place in publications.indices where publications[place].id == id {
            return publications.remove(at: place)
        }
        return nil
    }
}

// MARK: - Refused copies

extension LaneState {
    private mutating func offer(_ copies: [AMQPMessage], now: NIODeadline, _ actions: inout [LaneAction]) {
        guard !copies.isEmpty else { return }
        let id = OfferID(number: nextNumber())
        let begun = offers.begin(id, copies, now: now, using: &random)
        if let begun { actions.append(.startTimer(.offer(id), after: begun.pause)) }
        let dropped = copies.count - (begun?.admitted ?? 0)
        if dropped > 0 { actions.append(.report(.copiesDropped(dropped))) }
    }

    mutating func offerAgain(_ id: OfferID, _ actions: inout [LaneAction]) {
        follow(offers.resume(id), of: id, &actions)
    }

    mutating func offered(
        _ id: OfferID, _ outcomes: [AMQPPublishOutcome], isChannelOpen: Bool, now: NIODeadline,
        _ actions: inout [LaneAction]
    ) {
        let step = offers.settle(id, outcomes, isChannelOpen: isChannelOpen, now: now, using: &random)
        follow(step, of: id, &actions)
    }

    private func follow(_ step: CopyOffers.Step?, of id: OfferID, _ actions: inout [LaneAction]) {
        switch step {
        case .pause(let pause): actions.append(.startTimer(.offer(id), after: pause))
        case .publish(let copies): actions.append(.offer(id, copies))
        case .over(let dropped):
            if dropped > 0 { actions.append(.report(.copiesDropped(dropped))) }
        case nil: break
        }
    }
}
