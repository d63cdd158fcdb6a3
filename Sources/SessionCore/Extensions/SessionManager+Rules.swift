import SojournExtension

// How the rules of an extension are asked.
extension SessionManager {
    /// Carries `command` out as the rules of the extension allow. Whatever is thrown undoes it all: the caller goes back to
    /// where the transaction was.
    ///
    /// The sweep's commands are nobody's to refuse.
    func applyUnderRules(_ command: Command, to transaction: inout SubjectTransaction) throws -> Outcome {
        guard let name = command.action.name else {
            return try apply(command.action, tenant: command.tenant, to: &transaction)
        }
        let attempt = SessionAttempt(of: command, name: name, in: transaction)
        let terms = try terms(of: attempt)
        let before = transaction
        let outcome = try apply(
            command.action.requiring(level: terms.level), tenant: command.tenant, to: &transaction)
        guard case .succeeded(let data) = outcome else { return outcome }
        var annotations = terms.annotations
        if let decision = SessionDecision(attempt, granting: data, at: transaction.now) {
            if name.needsLevel, let session = decision.session ?? attempt.session, session.level < terms.level {
                throw Rejection(.notPermitted, "this needs a session of level \(terms.level): elevate it first")
            }
            do throws(Rejection) {
                annotations.merge(try self.annotations(of: decision)) { $1 }
            } catch {
                transaction.goBack(to: before, keepingUsedCodesOf: command)
                return .rejected(error)
            }
        }
        guard !annotations.isEmpty else { return outcome }
        return .succeeded(.annotated(data, annotations: Extensions.bounded(annotations: annotations)))
    }

    /// What all rules together ask for: a level of 1…3, and annotations.
    private func terms(of attempt: SessionAttempt) throws(Rejection) -> SessionTerms {
        var all = SessionTerms.nothing
        for rule in extensions.rules {
            do throws(SessionRefusal) {
                let terms = try rule.before(attempt)
                all.level = max(all.level, min(terms.level, 3))
                all.annotations.merge(terms.annotations) { $1 }
            } catch {
                throw Extensions.rejection(of: error)
            }
        }
        return all
    }

    private func annotations(of decision: SessionDecision) throws(Rejection) -> [String: String] {
        var annotations: [String: String] = [:]
        for rule in extensions.rules {
            do throws(SessionRefusal) {
                annotations.merge(try rule.after(decision)) { $1 }
            } catch {
                throw Extensions.rejection(of: error)
            }
        }
        return annotations
    }
}

extension SubjectTransaction {
    /// Undoes what `command` did, but for the code it brought: who saw it typed must not be able to show it again.
    fileprivate mutating func goBack(to before: SubjectTransaction, keepingUsedCodesOf command: Command) {
        let subject = aggregate.subject
        self = before
        guard command.action.bringsCode, let subject else { return }
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

extension CommandName {
    /// Whether it is refused in a session below a required level. `create`, `validate` and `elevate` have their own ways.
    fileprivate var needsLevel: Bool {
        switch self {
        case .refresh, .beginTransfer, .completeTransfer: true
        case .create, .validate, .elevate, .reauthenticate, .update, .revoke, .lock, .unlock, .disable, .enable, .get,
            .list, .activity, .enroll, .confirm, .remove, .listFactors, .putPolicy, .getPolicy, .removePolicy,
            .listPolicies:
            false
        }
    }
}

extension Command.Action {
    /// Whether it shows a code that can be used up.
    fileprivate var bringsCode: Bool {
        switch self {
        case .create(let create): create.factor != nil
        case .elevate(let elevate):
            switch elevate.proof {
            case .factor: true
            case .authentication: false
            }
        case .validate, .refresh, .reauthenticate, .update, .beginTransfer, .completeTransfer, .revoke, .lock, .unlock,
            .disable, .enable, .get, .list, .activity, .enroll, .confirm, .remove, .listFactors, .putPolicy, .getPolicy,
            .removePolicy, .listPolicies, .expire, .carryOutRevocations, .forgetRevocations:
            false
        }
    }

    /// The same, where the level is one that its own rule looks at.
    fileprivate func requiring(level: Int) -> Command.Action {
        guard level > 1 else { return self }
        switch self {
        case .create(var create):
            create.requiredLevel = level
            return .create(create)
        case .validate(var validate):
            validate.requirement.level = max(validate.requirement.level ?? 1, level)
            return .validate(validate)
        case .elevate(var elevate):
            elevate.requiredLevel = level
            return .elevate(elevate)
        case .refresh, .reauthenticate, .update, .beginTransfer, .completeTransfer, .revoke, .lock, .unlock, .disable,
            .enable, .get, .list, .activity, .enroll, .confirm, .remove, .listFactors, .putPolicy, .getPolicy,
            .removePolicy, .listPolicies, .expire, .carryOutRevocations, .forgetRevocations:
            return self
        }
    }
}
