package import NIOCore

/// Reassembles a message on one channel: method, content header, body frames (AMQP 0-9-1 §4.2.6).
package struct ContentAssembler {
    /// The method that announces a message.
    package enum Announcement: Hashable {
        case delivery(DeliveryAddress)
        case returned(ReturnAddress)
    }

    /// A complete message.
    package enum Content: Hashable {
        case delivery(AMQPDelivery)
        case returned(ReturnAddress, AMQPProperties, body: [UInt8])
    }

    private enum Phase {
        case idle
        case awaitingHeader
        case awaitingBody
    }

    private var phase = Phase.idle
    private var announcement: Announcement?
    private var properties = AMQPProperties.none
    private var bodySize: UInt64 = 0
    private var received: UInt64 = 0
    private var body: [UInt8] = []
    private let retainedBodyBytes: Int

    package init(retainedBodyBytes: Int) { self.retainedBodyBytes = retainedBodyBytes }

    /// Whether a message is incomplete, so that no method may arrive.
    var isBusy: Bool { phase != .idle }

    package mutating func begin(_ announcement: Announcement) throws(AMQPError) {
        guard phase == .idle else {
            throw AMQPError(.protocolViolation, "a method in the middle of a message")
        }
        self.announcement = announcement
        phase = .awaitingHeader
    }

    package mutating func header(_ properties: AMQPProperties, bodySize: UInt64) throws(AMQPError) -> Content? {
        guard phase == .awaitingHeader else {
            throw AMQPError(.protocolViolation, "a content header without a method")
        }
        self.properties = properties
        self.bodySize = bodySize
        received = 0
        body = []
        guard bodySize > 0 else { return finish() }
        phase = .awaitingBody
        return nil
    }

    package mutating func body(_ fragment: ByteBuffer) throws(AMQPError) -> Content? {
        guard phase == .awaitingBody else {
            throw AMQPError(.protocolViolation, "a body without a content header")
        }
        let count = UInt64(fragment.readableBytes)
        guard count <= bodySize - received else {
            throw AMQPError(.protocolViolation, "a body is longer than its content header announced")
        }
        received += count
        let kept = min(fragment.readableBytes, retainedBodyBytes - body.count)
        if received == bodySize, body.isEmpty {
            body = Array(fragment.readableBytesView.prefix(kept))
        } else {
            reserve(for: kept)
            body.append(contentsOf: fragment.readableBytesView.prefix(kept))
        }
        return received == bodySize ? finish() : nil
    }

    /// Grows the body in steps for `kept` more bytes, but never beyond its announced size.
    private mutating func reserve(for kept: Int) {
        guard body.count + kept > body.capacity else { return }
        let announced = Int(min(bodySize, UInt64(retainedBodyBytes)))
        body.reserveCapacity(min(announced, max(body.count + kept, 2 * body.count, Self.reservedBytes)))
    }

    /// The most memory reserved because of a content header alone: until the bytes arrive, the announced size is only a
    /// claim.
    private static let reservedBytes = 1 << 20

    private mutating func finish() -> Content {
        guard let announcement else { preconditionFailure("a message ended without a method") }
        defer {
            phase = .idle
            self.announcement = nil
            properties = .none
            body = []
        }
        switch announcement {
        case .returned(let address): return .returned(address, properties, body: body)
        case .delivery(let address):
            var delivery = AMQPDelivery(
                consumerTag: address.consumerTag, deliveryTag: address.deliveryTag, redelivered: address.redelivered,
                exchange: address.exchange ?? "", routingKey: address.routingKey ?? "", properties: properties,
                body: body, bodySize: bodySize)
            delivery.addressIsReadable = address.exchange != nil && address.routingKey != nil
            return .delivery(delivery)
        }
    }
}
