/// What holds for all commands of one type.
package struct CommandTraits: Sendable {
    /// The name on the wire, such as `session.refresh` (contract §3).
    package let name: String
    package let work: WorkKind
    /// Whether it has an effect that must not happen twice. Then it needs a `message_id`, and its result is stored for
    /// duplicates.
    package let changesState: Bool
    package let level: LevelNeed

    package init(_ name: String, work: WorkKind, changesState: Bool, level: LevelNeed = .none) {
        self.name = name
        self.work = work
        self.changesState = changesState
        self.level = level
    }
}

/// The kinds of work. Each has its own queue, so that none waits behind another (contract §1).
package enum WorkKind: Sendable, CaseIterable {
    /// Ending and suspending sessions: never behind a surge of logins.
    case revoke
    /// Reading sessions.
    case validate
    /// Beginning and continuing sessions.
    case manage
    /// Setting up factors and policies.
    case admin
}

/// What a command does if its session is below the assurance level that an extension's rule requires.
package enum LevelNeed: Sendable {
    /// Runs: reading, ending and elevating must not depend on the level.
    case none
    /// Is rejected with `not_permitted`.
    case session
    /// Decides by its own rule, see ``SentCommand/require(level:)``.
    case decides
}
