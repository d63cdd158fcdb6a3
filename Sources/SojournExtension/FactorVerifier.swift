/// A custom second factor: decides whether a code is right.
///
/// A command presents such a code like any other, as `"factor": {"type": <kind>, "code": …}` in `session.create` and
/// `session.elevate`. Sojourn counts wrong codes: when a subject enters `mfa.maxAttempts` wrong codes of one kind in a
/// row, the kind is locked for `mfa.lockSeconds`. Each wrong code is announced as `factor.rejected`. A code works only
/// once if the verifier returns its counter, see ``FactorVerdict``.
///
/// The verifier owns its secrets: it holds them in memory, and Sojourn neither reads nor stores them. Since Sojourn
/// cannot know who has such a factor, no `challenge` names the kind.
///
/// **Pure and synchronous**, for the reasons given at ``SessionRule``: a verifier must not count attempts itself.
/// Compare secrets in constant time. A worker has at most 16 verifiers.
public protocol FactorVerifier: Sendable {
    /// The factor's name in commands: `[a-z0-9_]{1,32}`, neither `totp` nor `recovery`.
    var kind: String { get }

    /// Decides whether this is a right code of the subject. Not called while the kind is locked for the subject.
    ///
    /// - Parameters:
    ///   - code: as the user typed it, 1 to 64 characters. Never log it.
    ///   - claim: who is said to have typed it, and when.
    func verify(_ code: String, for claim: FactorClaim) -> FactorVerdict
}

/// The outcome of checking a code.
public enum FactorVerdict: Hashable, Sendable {
    /// Also returned for a subject without such a factor, and when the verifier cannot tell.
    case wrong

    /// The code is right.
    ///
    /// - `methods`: the `amr` values (RFC 8176) that it counts as, such as `["otp"]`. The first 16 values of 1–32
    ///   characters are used.
    /// - `counter`: the code's position among the subject's codes: the counter of HOTP (RFC 4226), or the time step of
    ///   TOTP (RFC 6238). It is stored atomically with the session, so that two workers cannot both accept a code. A
    ///   counter that is not above the last one is refused as `replayed`, whatever the verifier decided. `nil` for
    ///   codes that may be reused, such as a PIN.
    case right(methods: [String], counter: Int64? = nil)
}

/// The user who supposedly typed a code, and the circumstances.
public struct FactorClaim: Hashable, Sendable {
    /// The tenant of the subject.
    public var tenant: String
    /// The user, as the caller names it.
    public var subject: String
    /// The sender of the command, if RabbitMQ authenticated it.
    public var caller: String?
    /// The session to be elevated; `nil` when a session is being created.
    public var session: SessionFacts?
    /// The counter of the last code of this kind accepted from the subject; `nil` before the first.
    public var lastCounter: Int64?
    /// The time of the decision, in milliseconds since 1970-01-01T00:00:00Z.
    public var nowMilliseconds: Int64

    /// Sojourn creates these; you create them in your tests.
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
