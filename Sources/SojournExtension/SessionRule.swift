/// A rule of your own: asked before a command is decided, and again once it was.
///
///     struct OfficeHours: SessionRule {
///         func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
///             let hour = attempt.nowMilliseconds / 3_600_000 % 24
///             return (8..<18).contains(hour) ? .nothing : .level(2)
///         }
///     }
///
/// **Pure and synchronous.** Whoever else writes to the same subject at the same moment makes Sojourn decide again, and
/// a batch is decided while the next one arrives: so a rule may be asked several times about one command, for decisions
/// that are thrown away, and every command of the worker waits for its answer. It answers from what it is given, at
/// once and each time alike: no network, no file, no counter, no clock but ``SessionAttempt/nowMilliseconds``. What it has
/// to know, such as a list of networks, it holds in memory; whatever renews that works beside it. A rule that cannot tell
/// refuses; one that traps ends the worker.
///
/// All rules are asked in the order in which they were given; the first that refuses decides. Rules are asked about every
/// command, those that only look included, but not about deadlines that have come: nothing can hold up an expiry. A
/// message that was carried out before gets its first result again, and nobody is asked. A worker has 64 rules at most.
public protocol SessionRule: Sendable {
    /// Asked before a command is decided: refuse it, require something of its session, or annotate its result.
    ///
    /// Nothing has been checked yet, neither token nor code. See ``SessionTerms`` for what they do.
    ///
    /// - Throws: ``SessionRefusal``; then the command is rejected with `not_permitted`, and has changed nothing.
    func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms

    /// Asked once a command was granted and before anything of it is stored: refuse it after all, or annotate its result.
    ///
    /// Granted is what succeeds, and of `session.validate` what is valid. What Sojourn turns down by itself is not asked
    /// about: to undo that would undo what was done about it, such as a wrong code counted or a stolen session ended.
    ///
    /// - Returns: further annotations, within the bounds of ``SessionTerms/annotations``; of one key these count.
    /// - Throws: ``SessionRefusal``; then the command is rejected with `not_permitted`, and all it did is undone, but that
    ///   a code it brought is used up.
    func after(_ decision: SessionDecision) throws(SessionRefusal) -> [String: String]
}

extension SessionRule {
    /// Asks for nothing.
    public func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
        .nothing
    }

    /// Adds nothing.
    public func after(_ decision: SessionDecision) throws(SessionRefusal) -> [String: String] {
        [:]
    }
}

/// On what terms a command may be carried out.
public struct SessionTerms: Hashable, Sendable {
    /// The assurance level that its session needs, 1 to 3; what is below or above counts as the nearest of these. Of
    /// several rules the highest counts.
    ///
    /// Where the session is below it,
    /// - `session.create` begins it `pending`, with the challenge `mfa_required`: a `session.elevate` that reaches the
    ///   level makes it active,
    /// - `session.validate` answers `level_too_low`, with the remedy `elevate`,
    /// - `session.refresh`, `session.transfer.begin` and `session.transfer.complete` are rejected with `not_permitted`.
    ///
    /// Other commands do not mind it: elevating and re-authenticating is how the level is reached, and looking or ending
    /// must not depend on it.
    public var level: Int

    /// What to add to the result as `data.annotations`, if the command succeeds; a `session.validate` does so too where it
    /// answers that the session is not valid. Everybody who listens to results reads it: no secrets, and nothing of
    /// ``SessionAttempt/session``, as nobody knows yet whether the sender may see that session.
    ///
    /// A key has 1–64 characters, a text at most 256, and there are at most 16 in all; longer texts are cut off, and
    /// what is too much is left out, the last keys in order of their letters first. Of two rules that use the same key the
    /// later one's text counts.
    public var annotations: [String: String]

    public init(level: Int = 1, annotations: [String: String] = [:]) {
        self.level = level
        self.annotations = annotations
    }

    public static let nothing = SessionTerms()

    public static func level(_ level: Int) -> SessionTerms {
        SessionTerms(level: level)
    }
}

/// Why a rule says no.
public struct SessionRefusal: Error, Hashable, Sendable {
    /// A sentence for the caller, at most 256 characters. It is published with the result: never a token, a subject or an
    /// address.
    public let sentence: String

    public init(_ sentence: String) {
        self.sentence = sentence
    }
}
