/// Identifies a message that must have exactly one effect: its caller and id, and its content.
package struct MessageKey: Sendable {
    /// A keyed hash of caller and `message_id`: 22 base64url characters.
    package let name: String
    /// A keyed hash of command and body: 16 bytes.
    package let fingerprint: [UInt8]
    /// Distinguishes this delivery from every other, so that it releases only its own claim. Not part of the message's
    /// identity.
    let delivery: UInt64

    package init(name: String, fingerprint: [UInt8], delivery: UInt64 = .random(in: .min ... .max)) {
        self.name = name
        self.fingerprint = fingerprint
        self.delivery = delivery
    }

    /// The value this delivery claims the id with: the fingerprint, then 8 bytes unique to the delivery.
    var claim: [UInt8] {
        fingerprint + (0..<8).map { UInt8(truncatingIfNeeded: delivery >> (56 - 8 * UInt64($0))) }
    }

    /// Whether a claim, by any delivery, was made for the same message content. Claims of the first version end after
    /// the fingerprint.
    func isSaid(by claim: [UInt8]) -> Bool {
        claim.starts(with: fingerprint) && (claim.count == fingerprint.count || claim.count == fingerprint.count + 8)
    }
}

extension MessageKey: Hashable {
    package static func == (left: MessageKey, right: MessageKey) -> Bool {
        left.name == right.name && left.fingerprint == right.fingerprint
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
    }
}
