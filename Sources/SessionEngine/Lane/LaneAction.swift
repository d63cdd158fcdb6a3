package import AMQPNIO
package import SessionContract
package import SessionCore
package import SessionStorage

/// What a lane requests. The driver starts actions in the given order, without waiting for one before starting the
/// next, and answers those that expect an answer with one event each, later and in any order.
///
/// An action concerns a batch, never a single command, so that its cost is shared by hundreds.
package enum LaneAction: Sendable {
    // MARK: - Broker

    /// Start consuming from these queues; answered by `consuming`, or by `lost`.
    case consume([Topology.CommandQueue])
    /// Cancel all consumers; answered by `cancelled`.
    case cancelConsumers
    /// Pause or resume reading from the socket. Not answered.
    case pauseReading(Bool)
    /// Publish the messages, and the replies over their own connections; answered by `published` once each message has
    /// its outcome and each reply is settled.
    case publish(PublicationID, [AMQPMessage], replies: [AMQPMessage])
    /// Write audit records; answered by `recorded` once they cannot be lost any more.
    case record(PublicationID, [AuditRecord])
    /// Publish refused copies again; answered by `offered`.
    case offer(OfferID, [AMQPMessage])
    /// Not answered.
    case acknowledge([LaneAcknowledgement])
    /// Return deliveries to their queues. Not answered.
    case putBack([LaneDelivery])
    /// Close the connections, and treat every reply as settled, because nobody can be answered any more. Not answered,
    /// but outstanding actions still are.
    case close

    // MARK: - Store and keys

    /// Count another delivery of each of these messages; answered by `counted`.
    case countDeliveries(BatchID, [String])
    /// Verify these access tokens; answered by `verified`.
    case verify(BatchID, [Secret])
    /// Answered by `loaded`.
    case load(BatchID, [LoadRequest], LoadBudget)
    /// Answered by `committed`.
    case commit(BatchID, [Commit])
    /// Release the ids of failed commands; answered by `released`, even if it fails.
    case release(BatchID, [MessageKey])
    /// Clear published events from the outbox; answered by `cleared`, even if it fails.
    case clear(PublicationID, [OutboxEntry.Reference])

    // MARK: - Process

    /// Answered by `timerFired` after this time.
    case startTimer(LaneTimer, after: Duration)
    /// Answered immediately by `gateEntered`, or by `gateTaken` and later, once, by `gateIsFree`.
    case enterGate
    /// Not answered.
    case leaveGate
    /// Something to log or count. Not answered.
    case report(LaneReport)
    /// The last action: everything has been answered. `nil` if the lane was drained.
    case finished((any Error)?)
}

/// Acknowledges deliveries to the broker.
package struct LaneAcknowledgement: Equatable, Sendable {
    package let queue: Topology.CommandQueue
    package let tag: UInt64
    /// Whether this includes all earlier deliveries.
    package let multiple: Bool
}

/// A delivery, as the broker knows it.
package struct LaneDelivery: Equatable, Sendable {
    package let queue: Topology.CommandQueue
    package let tag: UInt64
}

/// What an operator may want to know about a lane.
package enum LaneReport: Sendable {
    /// Commands were completed, `seconds` after the lane began them.
    case completed([LaneItem], [Completion], seconds: Double)
    /// The results of commands have been confirmed, with this many events.
    case answered([LaneItem], events: Int)
    /// A call begins, of this size, that these traced commands wait for.
    case calls(LaneCall, size: Int, [CommandSpan])
    /// The store did not execute this many commands.
    case retry(Int, StoreError, after: Duration)
    /// This many commands were delivered too often: they are quarantined without an answer.
    case givenUp(Int)
    /// The store refuses writes, or, with `nil`, accepts them again.
    case writesRefused(String?)
    /// Known commands arrived through the queue for unknown ones.
    case unbound([CommandName])
    case readingPaused(Bool, heldBytes: Int)
    /// A consumer's full queue refused messages of an exchange.
    case refused(RefusedMessage)
    /// Every message of a publication was accepted.
    case taken
    /// This many copies of results were dropped.
    case copiesDropped(Int)
    /// A message that does not fit the protocol was left out.
    case unsendable(exchange: String, reason: String)
}

/// A message refused by a queue.
package struct RefusedMessage: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// It stays in the outbox, for the relay.
        case event
        /// It is retried for a while.
        case copy
        /// It is retried until it is taken, and its command is not acknowledged before.
        case quarantine
    }

    package let kind: Kind
    package let exchange: String
    package let reason: String
}
