/// What holds for every command of one type.
package struct CommandTraits: Sendable {
    /// The name that callers send it by, such as `session.refresh` (contract §3).
    package let name: String
    package let work: WorkKind
    /// Whether it has an effect that must not happen twice. Then it needs a `message_id`, and its result is kept for
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

/// The kinds of work. Each has a queue of its own, so that none waits behind another (contract §1).
package enum WorkKind: Sendable, CaseIterable {
    /// Ending and suspending sessions: never behind a login storm.
    case revoke
    /// Asking about sessions.
    case validate
    /// Beginning and continuing sessions.
    case manage
    /// Setting up factors and policies.
    case admin
}

/// What a command does where its session is below the assurance level that a rule of an extension requires.
package enum LevelNeed: Sendable {
    /// The level does not matter: reading, ending and elevating must not depend on it.
    case none
    /// It is refused with `not_permitted`.
    case session
    /// Its own rule decides, see ``SentCommand/require(level:)``.
    case decides
}
