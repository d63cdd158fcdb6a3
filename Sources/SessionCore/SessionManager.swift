/// The rules of Sojourn: a pure function from a command and what is known of its subject to what has to happen.
///
/// No clock, no randomness of its own, no I/O: time and entropy come with the transaction, so every rule is tested
/// without a server, and every race has its one answer in the revision that the commit checks.
package struct SessionManager: Sendable {
    package let tokens: any TokenScheme

    package init(tokens: any TokenScheme) {
        self.tokens = tokens
    }

    /// Carries `command` out on `transaction`, which then holds the changes and events of all commands so far.
    ///
    /// A rule that throws has changed nothing. A refusal that is itself an effect (a reused token ends its session) is
    /// returned, with its changes.
    package func decide(_ command: Command, in transaction: inout SubjectTransaction) -> Outcome {
        if let deadline = command.deadline, transaction.now > deadline {
            return .failed(Failure(.commandExpired, "the command's deadline had passed before it could be carried out"))
        }
        let before = transaction
        transaction.begin(command)
        do {
            return try apply(command, to: &transaction)
        } catch let rejection as Rejection {
            transaction = before
            return .rejected(rejection)
        } catch let failure as Failure {
            transaction = before
            return .failed(failure)
        } catch {
            preconditionFailure("a rule throws a Rejection or a Failure, not \(type(of: error))")
        }
    }

    private func apply(_ command: Command, to transaction: inout SubjectTransaction) throws -> Outcome {
        switch command.action {
        case .create(let create): try self.create(create, tenant: command.tenant, in: &transaction)
        case .validate(let validate): self.validate(validate, tenant: command.tenant, in: &transaction)
        case .refresh(let refresh): try self.refresh(refresh, tenant: command.tenant, in: &transaction)
        case .revoke(let revoke): try self.revoke(revoke, tenant: command.tenant, in: &transaction)
        case .expire(let id): expire(id, in: &transaction)
        }
    }
}

extension SessionManager {
    /// The aggregate that a command is about, and how much of it the decision needs; `nil` where the command can be
    /// answered without looking at any.
    package func need(of command: Command) -> (handle: SubjectHandle, scope: AggregateScope)? {
        switch command.action {
        case .create(let create):
            (tokens.handle(tenant: command.tenant, subject: create.subject), .whole)
        case .validate(let validate):
            validate.token.presented.map { ($0.session.handle, .sessions([$0.session])) }
        case .refresh(let refresh):
            refresh.refreshToken.presented.map { ($0.session.handle, .whole) }
        case .revoke(let revoke):
            switch revoke.target {
            case .token(let token): token.presented.map { ($0.session.handle, .whole) }
            case .session(let id): id.map { ($0.handle, .whole) }
            case .subject(let name, except: _): (tokens.handle(tenant: command.tenant, subject: name), .whole)
            }
        case .expire(let id):
            (id.handle, .whole)
        }
    }
}

extension TokenReference {
    /// The token, where it is one of ours.
    var presented: PresentedToken? {
        switch self {
        case .genuine(let token): token
        case .malformed: nil
        }
    }
}
