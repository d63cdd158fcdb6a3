/// A command, as a rule sees it before it is decided.
///
/// Everything here is what the command claims and what is stored: nothing has been verified yet. Values that do not
/// apply are `nil`.
///
/// Texts are Swift strings: their `==`, and a dictionary keyed by them, treat canonically equivalent characters as
/// equal, such as K and the Kelvin sign. Compare their `utf8` where someone could gain by that.
public struct SessionAttempt: Hashable, Sendable {
    /// The command's name, such as `session.create`.
    public var command: String
    /// The tenant; `default` where the command names none.
    public var tenant: String
    /// The subject that the command names, or that owns the session it names; `nil` if it cannot be determined (for
    /// example from a damaged token) and for `policy.*`.
    public var subject: String?
    /// The sender of the command, if RabbitMQ authenticated it.
    public var caller: String?
    /// The policy of the session, or the one it would be created under. It need not exist.
    public var policy: String?
    /// The session that the command names by token or id, as stored. The token has not been verified yet.
    public var session: SessionFacts?
    /// The context that the command supplies.
    public var context: SessionContext?
    /// The device that the command supplies.
    public var device: SessionDevice?
    /// The `amr` values (RFC 8176) that the caller asserts; may be empty.
    public var methods: [String]
    /// The kind of the factor whose code the command presents: `totp`, `recovery`, or a ``FactorVerifier/kind``.
    public var factor: String?
    /// The attributes that the command supplies whose value is a text.
    public var attributes: [String: String]
    /// The time of the decision, in milliseconds since 1970-01-01T00:00:00Z, by Redis's clock, the only one that
    /// decisions use.
    public var nowMilliseconds: Int64

    /// Sojourn creates these; you create them in your tests.
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

/// A command that was granted, and its outcome unless a rule refuses.
public struct SessionDecision: Hashable, Sendable {
    /// The command, with its session as it was before.
    public var attempt: SessionAttempt
    /// The session that the result is about, as it would be stored; `nil` if the result is about none or several.
    public var session: SessionFacts?
    /// The ids of the sessions that the command evicts, revokes, locks or unlocks.
    public var affected: [String]

    /// Sojourn creates these; you create them in your tests.
    public init(attempt: SessionAttempt, session: SessionFacts? = nil, affected: [String] = []) {
        self.attempt = attempt
        self.session = session
        self.affected = affected
    }
}
