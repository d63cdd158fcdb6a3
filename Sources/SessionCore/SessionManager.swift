/// The rules of Sojourn: a pure function from a command and what is known of its subject to what has to happen.
///
/// No clock, no randomness of its own, no I/O: time and entropy come with the transaction, so every rule is tested
/// without a server, and every race has its one answer in the revision that the commit checks.
package struct SessionManager: Sendable {
    package let tokens: any TokenScheme
    package let factors: any FactorScheme
    package let extensions: Extensions

    package init(tokens: any TokenScheme, factors: any FactorScheme, extensions: Extensions = .none) {
        self.tokens = tokens
        self.factors = factors
        self.extensions = extensions
    }

    /// Carries `command` out on `transaction`, which then holds the changes and events of all commands so far.
    ///
    /// A `Stop` restores the transaction. A refusal that is itself an effect (a reused token ends its session) is a
    /// `Decision`, and its changes stay.
    ///
    /// - Throws: `ScopeTooNarrow` if the decision needs the aggregate whole; then nothing has changed.
    package func decide(
        _ command: Command, in transaction: inout SubjectTransaction
    ) throws(ScopeTooNarrow) -> Outcome {
        if let deadline = command.deadline, transaction.now > deadline {
            return .failed(Failure(.commandExpired, "the command's deadline had passed before it could be carried out"))
        }
        let before = transaction
        transaction.begin(command)
        do throws(Stop) {
            let decision =
                extensions.rules.isEmpty
                ? try command.action.decide(by: self, for: command.tenant, in: &transaction)
                : try decideUnderExtensionRules(command, in: &transaction)
            transaction.forgetSurplus()
            return decision.outcome
        } catch {
            transaction = before
            switch error {
            case .rejected(let rejection): return .rejected(rejection)
            case .failed(let failure): return .failed(failure)
            case .scopeTooNarrow: throw ScopeTooNarrow()
            }
        }
    }
}
