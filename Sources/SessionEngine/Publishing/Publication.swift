package import AMQPNIO
import ConnectionSupport
import RedisNIO
package import SessionStorage

/// The proof that RabbitMQ has what a batch came to. Only a ``Publication`` makes one, out of the broker's own answers, and
/// it is good for one batch.
package struct Confirmation: ~Copyable {
    /// The number of the batch.
    let batch: UInt64

    fileprivate init(of batch: borrowing UnacknowledgedBatch) {
        self.batch = batch.number
    }
}

/// What a batch came to, until the broker has it: the batch goes in, and comes out with the proof.
///
/// What a consumer's full queue refused holds nobody up: events stay in the outbox, for the relay, and copies are offered
/// again for a while. Quarantine is insisted on.
package struct Publication: ~Copyable {
    /// How often quarantine may refuse before the connection is given up: then the command goes back to its queue.
    private static let quarantineAttempts = 5

    /// How far it is.
    enum Stage {
        case underWay
        /// What quarantine refused waits to be published again.
        case pausing
    }

    /// What has to be done now that the broker has answered.
    package enum Step: ~Copyable {
        case confirmed(UnacknowledgedBatch, Confirmation, PublishedEvents)
        /// Quarantine refused something: it is to be published once more after this pause.
        case again(Publication, after: Duration)
        /// Quarantine keeps refusing, or the channel was lost. Nothing may be lost with it, so the commands have to be
        /// delivered again.
        case failed(AMQPError)
    }

    let id: PublicationID
    /// What its messages take up, in bytes.
    let heldBytes: Int
    private(set) var stage = Stage.underWay
    private(set) var messages: [AMQPMessage]
    private let batch: UnacknowledgedBatch
    private var kinds: [OutgoingBatch.Kind]
    private var references: [OutboxEntry.Reference]
    private var attempts = 0
    private var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))

    package init(_ out: OutgoingBatch, of batch: consuming UnacknowledgedBatch, id: PublicationID) {
        self.id = id
        self.batch = batch
        heldBytes = out.heldBytes
        messages = out.messages
        kinds = out.kinds
        references = out.references
    }

    /// The pause is over.
    mutating func resume() {
        guard case .pausing = stage else { preconditionFailure("only what pauses is published again") }
        stage = .underWay
    }

    /// Takes the broker's answers.
    ///
    /// - Parameters:
    ///   - outcomes: one for each message.
    ///   - isChannelOpen: whether the channel could still be used then.
    ///   - refused: gets what consumers' queues did not take.
    ///   - random: spreads the pauses.
    package consuming func settle(
        _ outcomes: [AMQPPublishOutcome], isChannelOpen: Bool, refused: inout RefusedMessages,
        using random: inout some RandomNumberGenerator
    ) -> Step {
        let refusals: [PublishRefusal?]
        do throws(AMQPError) {
            refusals = try PublishRefusal.refusals(in: outcomes, of: messages.count, isChannelOpen: isChannelOpen)
        } catch {
            return .failed(error)
        }
        guard refusals.contains(where: { $0 != nil }) else { return confirmed() }
        let insisted = sort(refusals, into: &refused)
        guard !insisted.isEmpty else { return confirmed() }
        attempts += 1
        guard attempts < Self.quarantineAttempts else {
            return .failed(
                AMQPError(.invalidState, "quarantine refused \(insisted.count) messages \(attempts) times"))
        }
        messages = insisted
        kinds = insisted.map { _ in .quarantine }
        stage = .pausing
        let pause = backoff.next(using: &random)
        return .again(self, after: pause)
    }

    private consuming func confirmed() -> Step {
        let confirmation = Confirmation(of: batch)
        let events = PublishedEvents(references)
        return .confirmed(batch, confirmation, events)
    }

    /// Says of each message that was not taken what becomes of it; gives what has to go to quarantine all the same.
    private mutating func sort(_ refusals: [PublishRefusal?], into refused: inout RefusedMessages) -> [AMQPMessage] {
        var insisted: [AMQPMessage] = []
        var left: Set<OutboxEntry.Reference> = []
        for (index, refusal) in refusals.enumerated() {
            guard let refusal else { continue }
            let message = messages[index]
            if case .unsendable(let reason) = refusal { refused.unsendable(message, reason) }
            switch (kinds[index], refusal) {
            case (.copy, .refused(let reason)): refused.copy(message, reason)
            case (.event(let reference), .refused(let reason)):
                left.insert(reference)
                refused.event(message, reason)
            case (.quarantine, .refused): insisted.append(message)
            case (.quarantine, .unsendable):
                if let smaller = OutgoingMessages.withoutForeignHeaders(message) { insisted.append(smaller) }
            case (.copy, .unsendable), (.event, .unsendable): break
            }
        }
        if !left.isEmpty { references.removeAll(where: left.contains) }
        return insisted
    }
}

/// Events that the broker has, and that can leave the outbox once their commands are acknowledged.
package struct PublishedEvents: ~Copyable {
    private let references: [OutboxEntry.Reference]

    fileprivate init(_ references: [OutboxEntry.Reference]) {
        self.references = references
    }

    /// What to take out of the outbox.
    ///
    /// - Parameter proof: that the commands are acknowledged. Before that, the outbox is where a crash finds their events.
    package consuming func clear(after proof: borrowing Acknowledged) -> [OutboxEntry.Reference] {
        references
    }
}
