/// A command that can be decided: one sent by a caller, or one of the sweep's own.
///
/// Each type describes itself. Its target determines what is loaded, `brings` determines what an extension's rules see,
/// and its traits determine its queue.
package protocol SessionCommand: Sendable {
    /// The target. It determines what is loaded.
    var about: CommandTarget { get }

    /// The access token in the command, as long as its signature has not been verified. Verifying is asynchronous, so
    /// it happens before the decision.
    var unverifiedToken: Secret? { get }

    /// Replaces the unverified token by the result of verifying it.
    mutating func take(verified token: TokenReference)

    /// Executes the command on `transaction`.
    ///
    /// - Throws: `Stop` if the command is not executed. `SessionManager.decide` then restores the transaction, so a
    ///   rule may stop at any point.
    func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision
}

extension SessionCommand {
    package var unverifiedToken: Secret? { nil }

    package mutating func take(verified token: TokenReference) {}
}

/// A command sent by a caller. `SessionContract` parses each type and lists them all.
package protocol SentCommand: SessionCommand {
    /// What holds for every command of this type.
    static var traits: CommandTraits { get }

    /// The part of the command that an extension's rules see.
    var brings: Brought { get }

    /// Makes the command require at least this assurance level, 1…3. Called only if ``CommandTraits/level`` is
    /// `decides`.
    mutating func require(level: Int)
}

extension SentCommand {
    package var brings: Brought { Brought() }

    package mutating func require(level: Int) {}
}
