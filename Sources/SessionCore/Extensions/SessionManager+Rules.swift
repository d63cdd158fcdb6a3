import SojournExtension

// How an extension's rules are applied.
extension SessionManager {
    /// Executes `command` if the extension's rules allow it. They cannot refuse the sweep's commands.
    func decideUnderExtensionRules(
        _ command: Command, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        guard var sent = command.action as? any SentCommand else {
            return try command.action.decide(by: self, for: command.tenant, in: &transaction)
        }
        let attempt = SessionAttempt(of: command, sent, in: transaction)
        let terms = try terms(of: attempt)
        if terms.level > 1 { sent.require(level: terms.level) }
        let before = transaction
        let decision = try sent.decide(by: self, for: command.tenant, in: &transaction)
        guard case .granted(let data) = decision else { return decision }
        var annotations = terms.annotations
        if let granted = SessionDecision(attempt, granting: data, at: transaction.now) {
            try require(level: terms.level, of: granted.session ?? attempt.session, for: sent)
            do throws(SessionRefusal) {
                annotations.merge(try self.annotations(of: granted)) { $1 }
            } catch {
                transaction.goBack(to: before, keepingUsedCodesOf: sent)
                return .rejected(RejectionWithEffect(.notPermitted, Extensions.sentence(of: error)))
            }
        }
        guard !annotations.isEmpty else { return decision }
        return .granted(.annotated(data, annotations: Extensions.bounded(annotations: annotations)))
    }

    private func require(level: Int, of session: SessionFacts?, for sent: any SentCommand) throws(Stop) {
        switch type(of: sent).traits.level {
        case .none, .decides: return
        case .session:
            guard let session, session.level < level else { return }
            throw .rejected(.notPermitted, "this needs a session of level \(level); elevate it first")
        }
    }

    /// What all rules together require: a level of 1…3, and annotations.
    private func terms(of attempt: SessionAttempt) throws(Stop) -> SessionTerms {
        var all = SessionTerms.nothing
        for rule in extensions.rules {
            do throws(SessionRefusal) {
                let terms = try rule.before(attempt)
                all.level = max(all.level, min(terms.level, 3))
                all.annotations.merge(terms.annotations) { $1 }
            } catch {
                throw .rejected(.notPermitted, Extensions.sentence(of: error))
            }
        }
        return all
    }

    private func annotations(of decision: SessionDecision) throws(SessionRefusal) -> [String: String] {
        var annotations: [String: String] = [:]
        for rule in extensions.rules { annotations.merge(try rule.after(decision)) { $1 } }
        return annotations
    }
}

extension SubjectTransaction {
    /// Undoes what `command` did, except that the code in it stays used up: someone who saw it typed must not be able
    /// to use it again.
    fileprivate mutating func goBack(to before: SubjectTransaction, keepingUsedCodesOf command: any SentCommand) {
        let subject = aggregate.subject
        self = before
        guard command.brings.factor != nil, let subject else { return }
        changeSubject(tenant: subject.tenant, name: subject.name) { $0.keepUsedCodes(of: subject) }
    }
}

extension Subject {
    fileprivate mutating func keepUsedCodes(of other: Subject) {
        factors = other.factors
        recovery = other.recovery
        verifierStates = other.verifierStates
    }
}
