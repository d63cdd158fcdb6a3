package import AMQPNIO
package import SessionContract
package import SessionCore
package import SessionStorage

/// What happens to a lane. Most of it answers an action: see ``LaneAction``.
package enum LaneEvent: Sendable {
    // MARK: Of the broker

    /// All consumers are there. Deliveries may have come before.
    case consuming
    case delivered([AMQPDelivery], from: Topology.CommandQueue)
    /// All consumers are cancelled: what was delivered has been handed over, and nothing more comes.
    case cancelled
    /// The outcome of each message of a publication, in their order; its replies are settled as well.
    ///
    /// `isChannelOpen` says whether the channel they went over could still be used then.
    case published(PublicationID, [AMQPPublishOutcome], isChannelOpen: Bool)
    /// The outcome of each copy that was offered again, in their order.
    case offered(OfferID, [AMQPPublishOutcome], isChannelOpen: Bool)
    /// There is nobody to answer any more: a connection or a channel was lost, or the broker ended a consumer.
    case lost(any Error)

    // MARK: Of the store and the keys

    case counted(BatchID, Result<[Int64], StoreError>)
    /// What each access token says, in their order; `nil` for what is none.
    case verified(BatchID, [PresentedAccessToken?])
    case loaded(BatchID, Result<Loaded, StoreError>)
    /// The access tokens in the order of their claims; `nil` for one that could not be signed.
    case signed(BatchID, [Secret?])
    case committed(BatchID, Result<[CommitResult], StoreError>)
    case released(BatchID)
    /// Events are out of the outbox, or could not be taken out: then the relay publishes them once more.
    case cleared(PublicationID)

    // MARK: Of the process

    case timerFired(LaneTimer)
    /// The lane is alone with its large subject until it leaves the gate.
    case gateEntered
    /// Another lane is inside; `gateIsFree` follows.
    case gateTaken
    case gateIsFree
    /// The lane shall take no more commands, and finish those it has.
    case drain
}

/// Names commands that are carried out together, for as long as their lane's connections last.
package struct BatchID: Hashable, Sendable {
    let number: UInt64
}

/// Names what is published of a batch.
package struct PublicationID: Hashable, Sendable {
    let number: UInt64
}

/// Names results' copies that are offered again.
package struct OfferID: Hashable, Sendable {
    let number: UInt64
}

package enum LaneTimer: Hashable, Sendable {
    /// A batch that the store did not carry out is tried again.
    case retry(BatchID)
    /// What quarantine refused is published again.
    case quarantine(PublicationID)
    /// Copies that a consumer's queue refused are offered again.
    case offer(OfferID)
}
