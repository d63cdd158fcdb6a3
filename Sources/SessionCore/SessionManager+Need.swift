/// What has to be loaded for a command to be decided.
package struct Need: Sendable {
    package let handle: SubjectHandle
    package let scope: AggregateScope
    /// The session whose activity log is read.
    package let activityOf: SessionID?

    package init(_ handle: SubjectHandle, _ scope: AggregateScope = .whole, activityOf session: SessionID? = nil) {
        self.handle = handle
        self.scope = scope
        activityOf = session
    }
}

extension SessionManager {
    /// Where the policies lie that tenants put: an aggregate like a subject's, of a tenant that nobody can be.
    package var policiesHandle: SubjectHandle {
        tokens.handle(tenant: "", subject: "")
    }

    /// The aggregate that a command is about, and how much of it the decision needs; `nil` where the command can be
    /// answered without looking at any.
    package func need(of command: Command) -> Need? {
        switch command.action {
        case .create(let create): of(create.subject, command)
        case .validate(let validate): validate.token.session.map { Need($0.handle, .sessions([$0])) }
        case .refresh(let refresh): of(refresh.refreshToken)
        case .elevate(let elevate): of(elevate.token)
        case .reauthenticate(let again): of(again.token)
        case .update(let update): of(update.target)
        case .beginTransfer(let begin): of(begin.token)
        case .completeTransfer(let complete): of(complete.ticket)
        case .revoke(let revoke):
            switch revoke.target {
            case .token(let token): of(token)
            case .session(let id): of(id)
            case .subject(let name, except: _): of(name, command)
            case .all: Need(tokens.revocationsHandle)
            }
        case .lock(let lock), .unlock(let lock):
            switch lock.target {
            case .session(let id): of(id)
            case .subject(let name): of(name, command)
            }
        case .disable(let switching), .enable(let switching): of(switching.subject, command)
        case .get(let target): of(target)
        case .list(let list): of(list.subject, command)
        case .activity(let activity): activity.session.map { Need($0.handle, activityOf: $0) }
        case .enroll(let enroll): of(enroll.subject, command)
        case .confirm(let confirm): of(confirm.subject, command)
        case .remove(let remove): of(remove.subject, command)
        case .listFactors(let name): of(name, command)
        case .putPolicy, .getPolicy, .removePolicy, .listPolicies: Need(policiesHandle)
        case .expire(let id): of(id)
        case .carryOutRevocations(let handle): Need(handle)
        case .forgetRevocations: Need(tokens.revocationsHandle)
        }
    }

    private func of(_ subject: ExactText, _ command: Command) -> Need {
        Need(tokens.handle(tenant: command.tenant, subject: subject.text))
    }

    private func of(_ token: TokenReference) -> Need? {
        token.presented.map { Need($0.session.handle) }
    }

    private func of(_ id: SessionID?) -> Need? {
        id.map { Need($0.handle) }
    }

    private func of(_ target: SessionTarget) -> Need? {
        switch target {
        case .token(let token): of(token)
        case .session(let id): of(id)
        }
    }
}
