import AMQPNIO
import ConnectionSupport
import NIOCore
import RedisNIO

/// Results' copies that a consumer's queue refused: they are offered again, with growing pauses, until they are taken or have
/// waited long enough. Their commands are acknowledged meanwhile.
struct CopyOffers {
    /// How long a result's copy is offered to a queue that refuses it.
    private static let patience = TimeAmount.seconds(60)
    /// Copies that wait together, in bytes: a consumer that does not read must not fill the worker.
    private static let maxBytes = 1 << 20

    private enum Stage {
        case pausing
        case underWay
    }

    private struct Offer {
        let end: NIODeadline
        /// What it took up when it began, in bytes.
        let bytes: Int
        var copies: [AMQPMessage]
        var stage = Stage.pausing
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(15))
    }

    enum Step {
        case pause(Duration)
        case publish([AMQPMessage])
        /// So many copies were not taken.
        case over(dropped: Int)
    }

    private var offers: [OfferID: Offer] = [:]
    private var bytes = 0

    var isUnderWay: Bool { offers.values.contains { $0.stage == .underWay } }

    /// Begins to offer copies, as many as there is room for.
    ///
    /// - Returns: how many these are, and the pause before they are offered; `nil` if there are none.
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

    /// The pause of an offer is over; `nil` if there is no such offer any more.
    mutating func resume(_ id: OfferID) -> Step? {
        guard var offer = offers[id] else { return nil }
        offer.stage = .underWay
        offers[id] = offer
        return .publish(offer.copies)
    }

    /// The broker has answered for each copy of an offer.
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

    /// Gives up all that pauses; what is under way ends with its answer.
    mutating func abandon() {
        offers = offers.filter { $0.value.stage == .underWay }
    }

    private mutating func end(_ id: OfferID, _ offer: Offer) -> Step {
        offers[id] = nil
        bytes -= offer.bytes
        return .over(dropped: offer.copies.count)
    }

    /// With what properties and headers take up, about.
    private static func bytes(of message: AMQPMessage) -> Int { message.body.count + 512 }
}
