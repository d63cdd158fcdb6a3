package import AMQPNIO
package import SessionContract
package import SessionCore
package import SessionStorage

/// What a lane wants done. Its driver does actions in the order in which they are given, without waiting for one before it
/// begins the next, and answers those that ask for something with one event each, at any later time and in any order.
///
/// An action is about a batch, never about one command: they are paid for by hundreds.
package enum LaneAction: Sendable {
    // MARK: The broker

    /// Begin to consume from these queues; answered by `consuming`, or by `lost`.
    case consume([Topology.CommandQueue])
    /// Cancel all consumers; answered by `cancelled`.
    case cancelConsumers
    /// Leave what the broker sends in the socket, or read on. Not answered.
    case pauseReading(Bool)
    /// Publish the messages, and the replies over connections of their own; answered by `published` once each message has
    /// its outcome and each reply is confirmed or lost.
    case publish(PublicationID, [AMQPMessage], replies: [AMQPMessage])
    /// Publish copies again; answered by `offered`.
    case offer(OfferID, [AMQPMessage])
    /// Not answered.
    case acknowledge([LaneAcknowledgement])
    /// Close the connections, and count every reply as settled: there is nobody to answer any more. Not answered, but what
    /// is under way still is.
    case close

    // MARK: The store and the keys

    /// Count one more delivery of each of these messages; answered by `counted`.
    case countDeliveries(BatchID, [String])
    /// Read these access tokens; answered by `verified`.
    case verify(BatchID, [Secret])
    /// Answered by `loaded`.
    case load(BatchID, [LoadRequest], LoadBudget)
    /// Sign access tokens that say this; answered by `signed`.
    case sign(BatchID, [AccessTokenClaims])
    /// Answered by `committed`.
    case commit(BatchID, [Commit])
    /// Let the ids of failed commands come again; answered by `released`, however it goes.
    case release(BatchID, [MessageKey])
    /// Take published events out of the outbox; answered by `cleared`, however it goes.
    case clear(PublicationID, [OutboxEntry.Reference])

    // MARK: The process

    /// Answered by `timerFired` after so long.
    case startTimer(LaneTimer, after: Duration)
    /// Answered before anything else happens by `gateEntered`, or by `gateTaken` and once, later, by `gateIsFree`.
    case enterGate
    /// Not answered.
    case leaveGate
    /// What somebody may want to read or to count. Not answered.
    case report(LaneReport)
    /// The last of all: everything that was asked for has been answered. `nil` where the lane was drained.
    case finished((any Error)?)
}

/// Tells the broker that deliveries are finished.
package struct LaneAcknowledgement: Equatable, Sendable {
    package let queue: Topology.CommandQueue
    package let tag: UInt64
    /// Whether all deliveries before this one are as well.
    package let multiple: Bool
}

/// What an operator may want to know of a lane.
package enum LaneReport: Sendable {
    /// Commands have their results; `seconds` after the lane began with them.
    case completed([LaneItem], [Completion], seconds: Double)
    /// The store did not carry so many commands out.
    case retry(Int, StoreError, after: Duration)
    /// So many commands were delivered too often: they go to quarantine unanswered.
    case givenUp(Int)
    /// The store refuses writes, or with `nil` takes them again.
    case writesRefused(String?)
    /// Commands of ours came from the queue of unknown ones.
    case unbound([CommandName])
    case readingPaused(Bool, heldBytes: Int)
    /// A consumer's full queue refused messages of one exchange.
    case refused(RefusedMessage)
    /// Everything that a publication had was taken.
    case taken
    /// So many results' copies are offered no more.
    case copiesDropped(Int)
    /// A message that the protocol has no room for was left out.
    case unsendable(exchange: String, reason: String)
}

/// A message that a consumer's queue refused.
package struct RefusedMessage: Sendable {
    package enum Kind: Sendable {
        /// It stays in the outbox, for the relay.
        case event
        /// It is offered again for a while.
        case copy
    }

    package let kind: Kind
    package let exchange: String
    package let reason: String
}
