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
