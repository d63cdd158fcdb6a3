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
    /// A rule that throws has changed nothing. A refusal that is itself an effect (a reused token ends its session) is
    /// returned, with its changes.
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
        do {
            let outcome =
                extensions.rules.isEmpty
                ? try apply(command.action, tenant: command.tenant, to: &transaction)
                : try applyUnderRules(command, to: &transaction)
            transaction.forgetSurplus()
            return outcome
        } catch let rejection as Rejection {
            transaction = before
            return .rejected(rejection)
        } catch let failure as Failure {
            transaction = before
            return .failed(failure)
        } catch let error as ScopeTooNarrow {
            transaction = before
            throw error
        } catch {
            preconditionFailure("a rule throws a Rejection or a Failure, not \(type(of: error))")
        }
    }

    func apply(
        _ action: Command.Action, tenant: String, to transaction: inout SubjectTransaction
    ) throws -> Outcome {
        switch action {
        case .create(let create): try self.create(create, tenant: tenant, in: &transaction)
        case .validate(let validate): try self.validate(validate, tenant: tenant, in: &transaction)
        case .refresh(let refresh): try self.refresh(refresh, tenant: tenant, in: &transaction)
        case .elevate(let elevate): try self.elevate(elevate, tenant: tenant, in: &transaction)
        case .reauthenticate(let again): try reauthenticate(again, tenant: tenant, in: &transaction)
        case .update(let update): try self.update(update, tenant: tenant, in: &transaction)
        case .beginTransfer(let begin): try beginTransfer(begin, tenant: tenant, in: &transaction)
        case .completeTransfer(let complete): try completeTransfer(complete, tenant: tenant, in: &transaction)
        case .revoke(let revoke): try self.revoke(revoke, tenant: tenant, in: &transaction)
        case .lock(let lock): try self.lock(lock, tenant: tenant, in: &transaction)
        case .unlock(let lock): try unlock(lock, tenant: tenant, in: &transaction)
        case .disable(let switching): disable(switching, tenant: tenant, in: &transaction)
        case .enable(let switching): enable(switching, tenant: tenant, in: &transaction)
        case .get(let target): try get(target, tenant: tenant, in: transaction)
        case .list(let list): self.list(list, in: transaction)
        case .activity(let activity): try self.activity(activity, tenant: tenant, in: transaction)
        case .enroll(let enroll): try self.enroll(enroll, tenant: tenant, in: &transaction)
        case .confirm(let confirm): try self.confirm(confirm, tenant: tenant, in: &transaction)
        case .remove(let remove): try self.remove(remove, tenant: tenant, in: &transaction)
        case .listFactors: listFactors(in: transaction)
        case .putPolicy(let put): try putPolicy(put, tenant: tenant, in: &transaction)
        case .getPolicy(let name): try getPolicy(name, tenant: tenant, in: transaction)
        case .removePolicy(let name): try removePolicy(name, tenant: tenant, in: &transaction)
        case .listPolicies: listPolicies(tenant: tenant, in: transaction)
        case .expire(let id): expire(id, in: &transaction)
        case .carryOutRevocations: carryOutRevocations(in: &transaction)
        case .forgetRevocations(let moment): forgetRevocations(until: moment, in: &transaction)
        }
    }
}
