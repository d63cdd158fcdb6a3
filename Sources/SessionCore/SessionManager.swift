/// The rules of Sojourn: a pure function of a command and an aggregate that returns the outcome and the changes.
///
/// It uses no clock, no randomness and no I/O of its own: time and entropy come with the transaction. So every rule is
/// tested without a server, and the revision check in the commit resolves every race.
package struct SessionManager: Sendable {
    package let tokens: any TokenScheme
    package let factors: any FactorScheme
    package let extensions: Extensions

    package init(tokens: any TokenScheme, factors: any FactorScheme, extensions: Extensions = .none) {
        self.tokens = tokens
        self.factors = factors
        self.extensions = extensions
    }

    /// Executes `command` on `transaction`, which accumulates the changes and events of all commands so far.
    ///
    /// A `Stop` restores the transaction. A rejection that is itself an effect (a reused token ends its session) is a
    /// `Decision`, and its changes remain.
    ///
    /// - Throws: `ScopeTooNarrow` if the decision needs the whole aggregate. Then nothing has changed.
    package func decide(
        _ command: Command, in transaction: inout SubjectTransaction
    ) throws(ScopeTooNarrow) -> Outcome {
        if let deadline = command.deadline, transaction.now > deadline {
            return .failed(Failure(.commandExpired, "the command's deadline had passed before it could be executed"))
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
