/// What can be decided: a command that somebody sent, or one of the sweep's own.
///
/// A type says of itself all that has to be known of it. What to load follows from what it is about, what rules of an
/// extension are told follows from what it brings, and its queue follows from its traits.
package protocol SessionCommand: Sendable {
    /// What it is about, and so what has to be loaded for it.
    var about: CommandTarget { get }

    /// The access token that it brings, as long as nobody has verified the signature. To verify one takes a moment, so it
    /// happens before the command is decided.
    var unverifiedToken: Secret? { get }

    /// Puts the verified token in the place of the unverified one.
    mutating func take(verified token: TokenReference)

    /// Carries the command out on `transaction`.
    ///
    /// - Throws: `Stop` where it is not carried out. `SessionManager.decide` then puts the transaction back as it was, so
    ///   whatever was changed on the way to the `Stop` has not happened.
    func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision
}

extension SessionCommand {
    package var unverifiedToken: Secret? { nil }

    package mutating func take(verified token: TokenReference) {}
}

/// A command that a caller sends. `SessionContract` knows how each is read, and lists them all.
package protocol SentCommand: SessionCommand {
    /// What holds for every command of this type.
    static var traits: CommandTraits { get }

    /// What it brings along that rules of an extension are told of.
    var brings: Brought { get }

    /// Requires of the session at least this assurance level, 1…3. Only for types whose ``CommandTraits/level`` is `decides`.
    mutating func require(level: Int)
}

extension SentCommand {
    package var brings: Brought { Brought() }

    package mutating func require(level: Int) {}
}
