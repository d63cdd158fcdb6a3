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

/// Consecutive wrong codes, whatever command they came with, and the locks that follow (contract §3).
package struct FactorAttempts: Equatable, Sendable {
    /// The longest lock in seconds: a day.
    private static let maxGrownLockSeconds = 86_400

    package var failures: Int
    package var lockedUntil: Timestamp?
    /// The strictest `maxAttempts` of all policies involved since the last right code, so that an attacker cannot
    /// choose a more lenient policy.
    package var maxAttempts: Int?
    /// The length of the latest lock in seconds; `nil` if there was none since the last right code.
    package var latestLockSeconds: Int?

    package init(
        failures: Int = 0, lockedUntil: Timestamp? = nil, maxAttempts: Int? = nil, latestLockSeconds: Int? = nil
    ) {
        self.failures = failures
        self.lockedUntil = lockedUntil
        self.maxAttempts = maxAttempts
        self.latestLockSeconds = latestLockSeconds
    }

    package func isLocked(at now: Timestamp) -> Bool {
        lockedUntil.map { now < $0 } ?? false
    }

    /// Counts a wrong code. Returns whether that caused a lock, which is twice as long as the previous one.
    mutating func fail(under mfa: SessionPolicy.SecondFactor, at now: Timestamp) -> Bool {
        let allowed = min(mfa.maxAttempts, maxAttempts ?? mfa.maxAttempts)
        maxAttempts = allowed
        failures += 1
        guard failures >= allowed else { return false }
        failures = 0
        let grown = latestLockSeconds.map { min(2 * $0, Self.maxGrownLockSeconds) } ?? 0
        let seconds = max(grown, mfa.lockSeconds)
        latestLockSeconds = seconds
        lockedUntil = now.adding(seconds: seconds)
        return true
    }

    /// A right code resets the count and the locks.
    mutating func succeed() {
        self = FactorAttempts()
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

/// A second factor in a command.
package struct FactorProof: Sendable {
    /// `totp`, `recovery`, or the kind of an extension's verifier.
    package let kind: String
    package let code: Secret

    package init(kind: String, code: Secret) {
        self.kind = kind
        self.code = code
    }
}

/// Creates and verifies codes. Pure: time and entropy are passed in.
package protocol FactorScheme: Sendable {
    /// The time step of this code, within one step of `now` and after `lastStep`. Takes the same time for every code.
    func matchingStep(of code: Secret, secret: [UInt8], at now: Timestamp, after lastStep: Int64?) -> Int64?

    /// The digest that a recovery code is stored as.
    func recoveryDigest(of code: Secret, for handle: SubjectHandle) -> [UInt8]

    /// The secret in base32, for typing.
    func text(ofSecret secret: [UInt8]) -> Secret

    /// An `otpauth://totp/…` URI, for scanning.
    func uri(ofSecret secret: [UInt8], label: String, issuer: String) -> Secret

    /// The entropy of a recovery code, in bytes.
    var recoveryEntropy: Int { get }

    func recoveryCode(from entropy: [UInt8]) -> Secret
}
