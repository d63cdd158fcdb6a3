import AMQPNIO
import ConnectionSupport
import NIOCore
import RedisNIO

/// Copies of results that a consumer's queue refused. They are retried with growing pauses, until they are accepted or
/// have waited long enough. Their commands are acknowledged meanwhile.
struct CopyOffers {
    /// How long a copy is retried.
    private static let patience = TimeAmount.seconds(60)
    /// Bound on waiting copies in bytes: a consumer that does not read must not fill the worker's memory.
    private static let maxBytes = 1 << 20

    private enum Stage {
        case pausing
        case underWay
    }

    private struct Offer {
        let end: NIODeadline
        /// Its initial size in bytes.
        let bytes: Int
        var copies: [AMQPMessage]
        var stage = Stage.pausing
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(15))
    }

    enum Step {
        case pause(Duration)
        case publish([AMQPMessage])
        /// The offer is over; this many copies were never accepted.
        case over(dropped: Int)
    }

    private var offers: [OfferID: Offer] = [:]
    private var bytes = 0

    var isUnderWay: Bool { offers.values.contains { $0.stage == .underWay } }

    /// Begins to retry copies, as many as there is room for.
    ///
    /// - Returns: how many these are, and the pause before the first retry; `nil` if there are none.
    mutating func begin(
        _ id: OfferID, _ copies: [AMQPMessage], now: NIODeadline, using random: inout some RandomNumberGenerator
    ) -> (admitted: Int, pause: Duration)? {
        let before = bytes
        let admitted = Array(
            copies.prefix { copy in
                guard bytes + Self.bytes(of: copy) <= Self.maxBytes else { return false }
                bytes += Self.bytes(of: copy)
                return true
            })
        guard !admitted.isEmpty else { return nil }
        var offer = Offer(end: now + Self.patience, bytes: bytes - before, copies: admitted)
        let pause = offer.backoff.next(using: &random)
        offers[id] = offer
        return (admitted.count, pause)
    }

    /// The pause of an offer is over; `nil` if the offer no longer exists.
    mutating func resume(_ id: OfferID) -> Step? {
        guard var offer = offers[id] else { return nil }
        offer.stage = .underWay
        offers[id] = offer
        return .publish(offer.copies)
    }

    /// The broker has answered each copy of an offer.
    mutating func settle(
        _ id: OfferID, _ outcomes: [AMQPPublishOutcome], isChannelOpen: Bool, now: NIODeadline,
        using random: inout some RandomNumberGenerator
    ) -> Step? {
        guard var offer = offers[id] else { return nil }
        offer.copies = zip(offer.copies, outcomes).filter { $1 != .confirmed }.map(\.0)
        guard !offer.copies.isEmpty, isChannelOpen, now < offer.end else { return end(id, offer) }
        offer.stage = .pausing
        let pause = offer.backoff.next(using: &random)
        offers[id] = offer
        return .pause(pause)
    }

    /// Gives up all offers that are pausing; those in flight end with their answer.
    mutating func abandon() {
        offers = offers.filter { $0.value.stage == .underWay }
    }

    private mutating func end(_ id: OfferID, _ offer: Offer) -> Step {
        offers[id] = nil
        bytes -= offer.bytes
        return .over(dropped: offer.copies.count)
    }

    /// Including an estimate for properties and headers.
    private static func bytes(of message: AMQPMessage) -> Int { message.body.count + 512 }
}
