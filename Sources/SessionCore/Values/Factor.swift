/// A second factor of a subject: an authenticator that makes one-time codes (TOTP, RFC 6238).
package struct Factor: Equatable, Sendable {
    /// `fac_` and 24 letters and digits.
    package let id: String
    package let label: String
    package let issuer: String
    package let createdAt: Timestamp
    /// 20 bytes.
    package let secret: [UInt8]
    /// Whether the subject has shown that the authenticator has the secret: before that it proves nothing.
    package var isConfirmed: Bool
    /// The time step of the last code that was taken: it and all before it are not taken again.
    package var lastStep: Int64?
    package var attempts: FactorAttempts
    /// The recovery codes that were given out with it, until it is confirmed: then they are the subject's.
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

/// The secret is as good as every code there will be: whatever prints a factor prints its id.
extension Factor: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "factor \(id)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The recovery codes of a subject that were not used yet, as digests: each is good once.
package struct RecoveryCodes: Equatable, Sendable {
    package var digests: [[UInt8]]
    package var attempts: FactorAttempts

    package init(digests: [[UInt8]], attempts: FactorAttempts = FactorAttempts()) {
        self.digests = digests
        self.attempts = attempts
    }
}

/// Wrong codes in a row, whatever brought them, and the locks they lead to (contract §3).
package struct FactorAttempts: Equatable, Sendable {
    /// Longer no lock grows, in seconds: a day.
    private static let maxGrownLockSeconds = 86_400

    package var failures: Int
    package var lockedUntil: Timestamp?
    /// The strictest `maxAttempts` of all policies under which codes were wrong since the last right one: who guesses does
    /// not choose the policy that suits them.
    package var maxAttempts: Int?
    /// How long the latest lock was, in seconds; `nil` where there was none since the last right code.
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

    /// Counts a wrong code; whether it led to a lock, which is twice as long as the one before.
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

    /// A right code makes up for all before.
    mutating func succeed() {
        self = FactorAttempts()
    }
}

/// What is kept of a subject's codes of a kind that an extension verifies.
package struct VerifierState: Equatable, Sendable {
    /// The counter of the last code that was taken: it and all before it are not taken again.
    package var lastCounter: Int64?
    package var attempts: FactorAttempts

    package init(lastCounter: Int64? = nil, attempts: FactorAttempts = FactorAttempts()) {
        self.lastCounter = lastCounter
        self.attempts = attempts
    }
}

/// The kinds of second factor that come with Sojourn.
package enum FactorKind: String, Sendable, CaseIterable {
    case totp
    case recovery
}

/// A second factor as a command shows it.
package struct FactorProof: Sendable {
    /// `totp`, `recovery`, or the name of a verifier that was added.
    package let kind: String
    package let code: Secret

    package init(kind: String, code: Secret) {
        self.kind = kind
        self.code = code
    }
}

/// Makes and checks codes. Pure: time and entropy come from outside.
package protocol FactorScheme: Sendable {
    /// The time step whose code this is, within one step of `now`; never one up to `lastStep`. Takes the same time
    /// whatever the code.
    func matchingStep(of code: Secret, secret: [UInt8], at now: Timestamp, after lastStep: Int64?) -> Int64?

    /// The digest under which a recovery code is kept.
    func recoveryDigest(of code: Secret, for handle: SubjectHandle) -> [UInt8]

    /// The secret in base32, as a person types it.
    func text(ofSecret secret: [UInt8]) -> Secret

    /// `otpauth://totp/…`, as an authenticator scans it.
    func uri(ofSecret secret: [UInt8], label: String, issuer: String) -> Secret

    /// How much entropy a recovery code is made of, in bytes.
    var recoveryEntropy: Int { get }

    func recoveryCode(from entropy: [UInt8]) -> Secret
}
