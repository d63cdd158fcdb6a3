/// A second factor of your own: it says whether a code is right.
///
/// A command shows such a code like any other, as `"factor": {"type": <kind>, "code": …}` in `session.create` and
/// `session.elevate`. Sojourn counts what is wrong: so many wrong codes in a row of one subject and kind, by the policy's
/// `mfa.maxAttempts`, lock the kind for `mfa.lockSeconds`, and each is announced as `factor.rejected`. A code works once
/// where the verifier gives its counter, see ``FactorVerdict``.
///
/// The secrets are the verifier's own: it holds them in memory, and Sojourn neither asks for them nor stores them. Since
/// Sojourn cannot know who has one, no `challenge` names the kind.
///
/// **Pure and synchronous**, for the reasons given at ``SessionRule``: it counts nothing itself. Compare secrets in
/// constant time. A worker has 16 verifiers at most.
public protocol FactorVerifier: Sendable {
    /// What it is called in commands: `[a-z0-9_]{1,32}`, neither `totp` nor `recovery`.
    var kind: String { get }

    /// Whether this is a right code of the subject's. While the kind is locked for the subject it is not asked.
    ///
    /// - Parameter code: as the user typed it, 1 to 64 characters. Never log it.
    func verify(_ code: String, for claim: FactorClaim) -> FactorVerdict
}

/// What a code came to.
public enum FactorVerdict: Hashable, Sendable {
    /// Also for a subject who has no such factor, and where a verifier cannot tell.
    case wrong

    /// A code that proves something.
    ///
    /// - `methods`: the `amr` values (RFC 8176) that it counts as, such as `["otp"]`. The first 16 of those with 1–32
    ///   characters are taken.
    /// - `counter`: the code's place among the codes of the subject: the counter of HOTP (RFC 4226), or the time step of
    ///   TOTP (RFC 6238). It is stored with the session in one step, so that two workers cannot both take a code; and what
    ///   is not above the last one is refused as `replayed`, whatever the verifier said. `nil` for codes that may be
    ///   shown again, such as a PIN.
    case right(methods: [String], counter: Int64? = nil)
}

/// Who is said to have typed a code, and where.
public struct FactorClaim: Hashable, Sendable {
    public var tenant: String
    public var subject: String
    /// Who sent the command, where RabbitMQ vouches for that.
    public var caller: String?
    /// The session to be elevated; `nil` where one begins.
    public var session: SessionFacts?
    /// The counter of the last code of this kind that was taken from the subject; `nil` before the first.
    public var lastCounter: Int64?
    /// The moment of the decision, in milliseconds since 1970-01-01T00:00:00Z.
    public var nowMilliseconds: Int64

    /// Sojourn makes them; you do in your tests.
    public init(
        tenant: String = "default", subject: String, caller: String? = nil, session: SessionFacts? = nil,
        lastCounter: Int64? = nil, nowMilliseconds: Int64
    ) {
        self.tenant = tenant
        self.subject = subject
        self.caller = caller
        self.session = session
        self.lastCounter = lastCounter
        self.nowMilliseconds = nowMilliseconds
    }
}
