/// What holds for every command of one type.
package struct CommandTraits: Sendable {
    /// The name that callers send it by, such as `session.refresh` (contract §3).
    package let name: String
    package let work: WorkKind
    /// Whether carrying it out is an effect that must not happen twice: then it needs a `message_id`, and its result is
    /// kept for duplicates.
    package let changesState: Bool
    package let level: LevelNeed

    package init(_ name: String, work: WorkKind, changesState: Bool, level: LevelNeed = .none) {
        self.name = name
        self.work = work
        self.changesState = changesState
        self.level = level
    }
}

/// The kinds of work that do not wait for each other (contract §1).
package enum WorkKind: Sendable, CaseIterable {
    /// What ends or suspends sessions: never behind a login storm.
    case revoke
    /// What is asked about sessions.
    case validate
    /// What sessions begin with, and live on.
    case manage
    /// What is set up: factors, policies.
    case admin
}

/// What a command does where its session is below the assurance level that a rule of an extension requires.
package enum LevelNeed: Sendable {
    /// It does not matter: looking, ending and raising the level must not depend on the level.
    case none
    /// It is refused with `not_permitted`.
    case session
    /// Its own rule says what happens, see ``SentCommand/require(level:)``.
    case decides
}
