/// A command that can be decided: one that a caller sent, or one of the sweep's own.
///
/// Each type describes itself. What is loaded for it follows from what it is about, what rules of an extension are told
/// follows from what it brings, and its queue follows from its traits.
package protocol SessionCommand: Sendable {
    /// What it is about. This decides what is loaded for it.
    var about: CommandTarget { get }

    /// The access token that it brings, until its signature has been verified. Verifying is asynchronous, so it happens
    /// before the decision.
    var unverifiedToken: Secret? { get }

    /// Replaces the unverified token by the verified one.
    mutating func take(verified token: TokenReference)

    /// Carries the command out on `transaction`.
    ///
    /// - Throws: `Stop` where it is not carried out. `SessionManager.decide` then restores the transaction, so a rule may
    ///   stop at any point.
    func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision
}

extension SessionCommand {
    package var unverifiedToken: Secret? { nil }

    package mutating func take(verified token: TokenReference) {}
}

/// A command that a caller sends. `SessionContract` reads each type and lists them all.
package protocol SentCommand: SessionCommand {
    /// What holds for every command of this type.
    static var traits: CommandTraits { get }

    /// The part of it that rules of an extension see.
    var brings: Brought { get }

    /// Requires of the session at least this assurance level, 1…3. Only for types whose ``CommandTraits/level`` is `decides`.
    mutating func require(level: Int)
}

extension SentCommand {
    package var brings: Brought { Brought() }

    package mutating func require(level: Int) {}
}
