/// A command that somebody sent, as a rule sees it before it is decided.
///
/// All of it is what the command says and what is stored: nothing has been compared yet. What does not apply is `nil`.
///
/// Texts are Swift's: their `==`, and a dictionary of them, take for one what merely looks alike, such as K and the Kelvin
/// sign. Compare their `utf8` where somebody could gain by that.
public struct SessionAttempt: Hashable, Sendable {
    /// The command's name, such as `session.create`.
    public var command: String
    /// The tenant; `default` where the command names none.
    public var tenant: String
    /// The subject that the command names, or whose session it names; `nil` where that cannot be told, as of a damaged
    /// token, and for `policy.*`.
    public var subject: String?
    /// Who sent the command, where RabbitMQ vouches for that.
    public var caller: String?
    /// The policy that the session has, or would begin under. It need not exist.
    public var policy: String?
    /// The session that the command names, by a token or its id, as it is stored. Whether the token is a good one has not
    /// been looked at.
    public var session: SessionFacts?
    /// The context that the command brings.
    public var context: SessionContext?
    /// The device that the command brings.
    public var device: SessionDevice?
    /// The `amr` values (RFC 8176) that the caller asserts; empty where it asserts nothing.
    public var methods: [String]
    /// The kind of the factor whose code the command brings: `totp`, `recovery`, or a ``FactorVerifier/kind``.
    public var factor: String?
    /// Those attributes that the command brings whose value is a text.
    public var attributes: [String: String]
    /// The moment of the decision by the one clock that decides, Redis's, in milliseconds since 1970-01-01T00:00:00Z.
    public var nowMilliseconds: Int64

    /// Sojourn makes them; you do in your tests.
    public init(
        command: String, tenant: String = "default", subject: String? = nil, caller: String? = nil,
        policy: String? = nil, session: SessionFacts? = nil, context: SessionContext? = nil,
        device: SessionDevice? = nil, methods: [String] = [], factor: String? = nil,
        attributes: [String: String] = [:], nowMilliseconds: Int64
    ) {
        self.command = command
        self.tenant = tenant
        self.subject = subject
        self.caller = caller
        self.policy = policy
        self.session = session
        self.context = context
        self.device = device
        self.methods = methods
        self.factor = factor
        self.attributes = attributes
        self.nowMilliseconds = nowMilliseconds
    }
}

/// A command that was granted, and what comes of it unless a rule refuses.
public struct SessionDecision: Hashable, Sendable {
    /// The command, with its session as it was before.
    public var attempt: SessionAttempt
    /// The one session that the result is about, as it would be stored; `nil` where it is about none or several.
    public var session: SessionFacts?
    /// The ids of the sessions that end, lock or unlock with it: those evicted, revoked, locked or unlocked.
    public var affected: [String]

    /// Sojourn makes them; you do in your tests.
    public init(attempt: SessionAttempt, session: SessionFacts? = nil, affected: [String] = []) {
        self.attempt = attempt
        self.session = session
        self.affected = affected
    }
}
