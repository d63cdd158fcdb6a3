package import AMQPNIO
package import SessionContract
package import SessionCore
package import SessionStorage

/// What happens to a lane. Most events answer an action: see ``LaneAction``.
package enum LaneEvent: Sendable {
    // MARK: - Broker

    /// All consumers have been started. Deliveries may have arrived before.
    case consuming
    case delivered([AMQPDelivery], from: Topology.CommandQueue)
    /// All consumers are cancelled: every delivery has been passed on, and no more will arrive.
    case cancelled
    /// The audit records of a publication cannot be lost any more.
    case recorded(PublicationID)
    /// The outcome of each message of a publication, in order; its replies are settled, too.
    ///
    /// `isChannelOpen` says whether the channel was still open.
    case published(PublicationID, [AMQPPublishOutcome], isChannelOpen: Bool)
    /// The outcome of each copy that was published again, in order.
    case offered(OfferID, [AMQPPublishOutcome], isChannelOpen: Bool)
    /// A connection or channel was lost, or the broker cancelled a consumer.
    case lost(any Error)

    // MARK: - Store and keys

    case counted(BatchID, Result<[Int64], StoreError>)
    /// The result of verifying each access token, in order; `nil` for an invalid one.
    case verified(BatchID, [PresentedAccessToken?])
    case loaded(BatchID, Result<Loaded, StoreError>)
    case committed(BatchID, Result<[CommitResult], StoreError>)
    case released(BatchID)
    /// Events were cleared from the outbox, or could not be: then the relay publishes them again.
    case cleared(PublicationID)

    // MARK: - Process

    case timerFired(LaneTimer)
    /// The lane has the gate until it leaves it.
    case gateEntered
    /// Another lane has the gate; `gateIsFree` follows.
    case gateTaken
    case gateIsFree
    /// Stop consuming, and finish all commands in flight.
    case drain
}

/// Identifies a batch for as long as its lane's connections last.
package struct BatchID: Hashable, Sendable {
    let number: UInt64
}

/// Identifies the publication of a batch.
package struct PublicationID: Hashable, Sendable {
    let number: UInt64
}

/// Identifies copies that are published again.
package struct OfferID: Hashable, Sendable {
    let number: UInt64
}

package enum LaneTimer: Hashable, Sendable {
    /// Retry a batch that the store did not execute.
    case retry(BatchID)
    /// Publish again what quarantine refused.
    case quarantine(PublicationID)
    /// Publish again the copies that a consumer's queue refused.
    case offer(OfferID)
}
