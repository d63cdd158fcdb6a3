/// A subject's authenticator for one-time codes (TOTP, RFC 6238).
package struct Factor: Equatable, Sendable {
    /// `fac_` and 24 letters and digits.
    package let id: String
    package let label: String
    package let issuer: String
    package let createdAt: Timestamp
    /// 20 bytes.
    package let secret: [UInt8]
    /// Whether the subject has proved that the authenticator has the secret. Until then, its codes count for nothing.
    package var isConfirmed: Bool
    /// The time step of the last accepted code. Codes up to this step are not accepted again.
    package var lastStep: Int64?
    package var attempts: FactorAttempts
    /// Digests of the recovery codes that were issued with it. Once it is confirmed, they become the subject's.
    package var unconfirmedRecovery: [[UInt8]]

    package init(
        id: String, label: String, issuer: String, createdAt: Timestamp, secret: [UInt8], isConfirmed: Bool = false,
        lastStep: Int64? = nil, attempts: FactorAttempts = FactorAttempts(), unconfirmedRecovery: [[UInt8]] = []
    ) {
        self.id = id
        self.label = label
        self.issuer = issuer
        self.createdAt = createdAt
        self.secret = secret
        self.isConfirmed = isConfirmed
        self.lastStep = lastStep
        self.attempts = attempts
        self.unconfirmedRecovery = unconfirmedRecovery
    }
}

/// The secret is equivalent to every future code, so a factor prints only its id.
extension Factor: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "factor \(id)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The digests of a subject's unused recovery codes. Each works once.
package struct RecoveryCodes: Equatable, Sendable {
    package var digests: [[UInt8]]
    package var attempts: FactorAttempts

    package init(digests: [[UInt8]], attempts: FactorAttempts = FactorAttempts()) {
        self.digests = digests
        self.attempts = attempts
    }
}

/// What is stored about a subject's codes of a kind that an extension verifies.
package struct VerifierState: Equatable, Sendable {
    /// The counter of the last accepted code. Codes up to this counter are not accepted again.
    package var lastCounter: Int64?
    package var attempts: FactorAttempts

    package init(lastCounter: Int64? = nil, attempts: FactorAttempts = FactorAttempts()) {
        self.lastCounter = lastCounter
        self.attempts = attempts
    }
}

/// The kinds of second factor that Sojourn verifies itself.
package enum FactorKind: String, Sendable, CaseIterable {
    case totp
    case recovery
}
