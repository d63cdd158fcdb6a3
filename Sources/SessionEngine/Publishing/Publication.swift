package import AMQPNIO
import ConnectionSupport
import RedisNIO
package import SessionStorage

/// The proof that RabbitMQ has confirmed everything published for a batch. Only a ``Publication`` creates one, from the
/// broker's own answers, and it is valid for one batch.
package struct Confirmation: ~Copyable {
    /// The number of the batch.
    let batch: UInt64

    fileprivate init(of batch: borrowing UnacknowledgedBatch) {
        self.batch = batch.number
    }
}

/// The messages of a batch until the broker has confirmed them: the batch goes in, and comes out with the proof.
///
/// Messages refused by a consumer's full queue delay nothing: events stay in the outbox, for the relay, and copies are
/// retried for a while. What goes to quarantine is published until it is taken, straight to the queue after the first
/// refusal.
package struct Publication: ~Copyable {
    /// How often there may be no quarantine queue before the connection is given up: the next one declares the queue
    /// again.
    private static let attemptsWithoutQueue = 5

    /// The progress of the publication.
    enum Stage {
        /// The audit records are being written.
        case recording
        case underWay
        /// Messages refused by quarantine wait to be published again.
        case pausing
    }

    /// What to do after the broker's answer.
    package enum Step: ~Copyable {
        case confirmed(UnacknowledgedBatch, Confirmation, PublishedEvents)
        /// Quarantine refused something. Publish it again after this pause.
        case again(Publication, after: Duration)
        /// There is no quarantine, or the channel was lost. The commands have to be redelivered, so that nothing is lost.
        case failed(AMQPError)
    }

    let id: PublicationID
    /// Memory used by its messages, in bytes.
    let heldBytes: Int
    private(set) var stage: Stage
    private(set) var messages: [AMQPMessage]
    /// Until they are published.
    private var replies: [AMQPMessage]
    private let batch: UnacknowledgedBatch
    var items: [LaneItem] { batch.items }
    private var kinds: [OutgoingBatch.Kind]
    private var references: [OutboxEntry.Reference]
    private var attemptsWithoutQueue = 0
    private var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(15))

    package init(_ out: OutgoingBatch, of batch: consuming UnacknowledgedBatch, id: PublicationID) {
        self.id = id
        self.batch = batch
        heldBytes = out.heldBytes
        stage = out.records.isEmpty ? .underWay : .recording
        messages = out.messages
        replies = out.records.isEmpty ? [] : out.replies
        kinds = out.kinds
        references = out.references
    }

    /// The audit records are written.
    ///
    /// - Returns: the replies to publish.
    mutating func beginPublishing() -> [AMQPMessage] {
        guard case .recording = stage else { preconditionFailure("the publication has no audit records") }
        stage = .underWay
        defer { replies = [] }
        return replies
    }

    /// The pause is over.
    mutating func resume() {
        guard case .pausing = stage else { preconditionFailure("the publication is not pausing") }
        stage = .underWay
    }

    /// Handles the broker's answers.
    ///
    /// - Parameters:
    ///   - outcomes: one per message.
    ///   - isChannelOpen: whether the channel was still open.
    ///   - refused: receives what consumers' queues refused.
    ///   - random: jitter for pauses.
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
        if outcomes.contains(where: \.isReturned) { attemptsWithoutQueue += 1 }
        guard attemptsWithoutQueue < Self.attemptsWithoutQueue else {
            return .failed(AMQPError(.invalidState, "there is no queue to quarantine \(insisted.count) messages in"))
        }
        messages = insisted.map(\.message)
        kinds = insisted.map(\.kind)
        stage = .pausing
        let pause = backoff.next(using: &random)
        return .again(self, after: pause)
    }

    private consuming func confirmed() -> Step {
        let confirmation = Confirmation(of: batch)
        let events = PublishedEvents(references)
        return .confirmed(batch, confirmation, events)
    }

    /// Decides what happens to each refused message, and returns those for quarantine, which must be published.
    private mutating func sort(
        _ refusals: [PublishRefusal?], into refused: inout RefusedMessages
    ) -> [(message: AMQPMessage, kind: OutgoingBatch.Kind)] {
        var insisted: [(message: AMQPMessage, kind: OutgoingBatch.Kind)] = []
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
            case (.quarantine(let queue), .refused(let reason)):
                insisted.append((OutgoingMessages.direct(message, to: queue), kinds[index]))
                refused.quarantined(message, reason)
            case (.quarantine, .unsendable):
                if let smaller = OutgoingMessages.withoutForeignHeaders(message) {
                    insisted.append((smaller, kinds[index]))
                }
            case (.copy, .unsendable), (.event, .unsendable): break
            }
        }
        if !left.isEmpty { references.removeAll(where: left.contains) }
        return insisted
    }
}

/// Events that the broker has confirmed. They can be cleared from the outbox once their commands are acknowledged.
package struct PublishedEvents: ~Copyable {
    private let references: [OutboxEntry.Reference]

    fileprivate init(_ references: [OutboxEntry.Reference]) {
        self.references = references
    }

    var count: Int { references.count }

    /// What to clear from the outbox.
    ///
    /// - Parameter proof: that the commands are acknowledged. Until then, a crash relies on the events in the outbox.
    package consuming func clear(after proof: borrowing Acknowledged) -> [OutboxEntry.Reference] {
        references
    }
}

extension AMQPPublishOutcome {
    fileprivate var isReturned: Bool {
        if case .returned = self { true } else { false }
    }
}
