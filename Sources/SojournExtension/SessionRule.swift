/// A custom rule: consulted before a command is decided, and again after it was granted.
///
///     struct OfficeHours: SessionRule {
///         func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
///             let hour = attempt.nowMilliseconds / 3_600_000 % 24
///             return (8..<18).contains(hour) ? .nothing : .level(2)
///         }
///     }
///
/// **Pure and synchronous.** If another command changes the same subject at the same time, Sojourn decides again, and a
/// batch is decided while the next one arrives. So a rule may be called several times about one command, for decisions
/// that are then discarded, and every command of the worker waits for its answer. It must answer at once, from its
/// arguments alone, and always the same: no network, no file, no counter, no clock other than
/// ``SessionAttempt/nowMilliseconds``. Keep any data it needs, such as a list of networks, in memory, and refresh it in
/// the background. A rule that cannot decide should refuse; a rule that traps ends the worker.
///
/// Rules are called in the order in which they were registered; the first refusal decides. They are consulted about
/// every command, including those that only read, but not about deadlines that have passed: nothing can delay an
/// expiry. A duplicate of a message that was already carried out gets its first result again without consulting any
/// rule. A worker has at most 64 rules.
public protocol SessionRule: Sendable {
    /// Called before a command is decided: refuse it, set requirements for its session, or annotate its result.
    ///
    /// Nothing has been verified yet, neither token nor code. See ``SessionTerms`` for the effect of each requirement.
    ///
    /// - Throws: ``SessionRefusal``: the command is rejected with `not_permitted` and changes nothing.
    func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms

    /// Called after a command was granted and before anything is stored: refuse it after all, or annotate its result.
    ///
    /// A granted command is one that succeeds or, for `session.validate`, one whose answer is valid. Rules are not
    /// called about commands that Sojourn itself rejects: undoing those would undo their effects, such as counting a
    /// wrong code or ending a stolen session.
    ///
    /// - Returns: further annotations, within the bounds of ``SessionTerms/annotations``. They replace earlier ones
    ///   with the same key.
    /// - Throws: ``SessionRefusal``: the command is rejected with `not_permitted` and its effects are undone, except
    ///   that a code it presented is used up.
    func after(_ decision: SessionDecision) throws(SessionRefusal) -> [String: String]
}

extension SessionRule {
    /// Requires nothing.
    public func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
        .nothing
    }

    /// Adds nothing.
    public func after(_ decision: SessionDecision) throws(SessionRefusal) -> [String: String] {
        [:]
    }
}

/// The terms on which a command may be carried out.
public struct SessionTerms: Hashable, Sendable {
    /// The assurance level that the session must have, 1 to 3; values outside this range are clamped. The highest level
    /// of several rules applies.
    ///
    /// If the session is below this level,
    /// - `session.create` creates it as `pending` with the challenge `mfa_required`: a `session.elevate` that reaches
    ///   the level makes it active,
    /// - `session.validate` answers `level_too_low`, with the remedy `elevate`,
    /// - `session.refresh`, `session.transfer.begin` and `session.transfer.complete` are rejected with `not_permitted`.
    ///
    /// Other commands are not affected: elevating and re-authenticating are how the level is reached, and reading or
    /// ending a session must not depend on it.
    public var level: Int

    /// Added to the result as `data.annotations` if the command succeeds, and also if `session.validate` answers that
    /// the session is not valid. Everyone who receives results can read them: include no secrets, and nothing from
    /// ``SessionAttempt/session``, as it is not yet known whether the sender may see that session.
    ///
    /// A key has 1–64 characters, a text at most 256, and there are at most 16 in total. Longer texts are truncated;
    /// surplus entries are dropped, starting with the last keys in alphabetical order. If two rules use the same key,
    /// the later rule's text wins.
    public var annotations: [String: String]

    public init(level: Int = 1, annotations: [String: String] = [:]) {
        self.level = level
        self.annotations = annotations
    }

    /// No requirement and no annotation.
    public static let nothing = SessionTerms()

    /// Only a level, from 1 to 3.
    public static func level(_ level: Int) -> SessionTerms {
        SessionTerms(level: level)
    }
}

/// Why a rule refuses a command.
public struct SessionRefusal: Error, Hashable, Sendable {
    /// A sentence for the caller, at most 256 characters. It is published with the result: never include a token, a
    /// subject or an address.
    public let sentence: String

    /// - Parameter sentence: at most 256 characters; a longer one is truncated.
    public init(_ sentence: String) {
        self.sentence = sentence
    }
}
