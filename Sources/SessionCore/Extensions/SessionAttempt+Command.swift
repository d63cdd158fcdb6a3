import SojournExtension

extension SessionAttempt {
    /// What a command says, and what is stored of the session it names.
    init(of command: Command, name: CommandName, in transaction: SubjectTransaction) {
        self.init(
            command: name.rawValue, tenant: command.tenant, caller: command.caller,
            nowMilliseconds: transaction.now.milliseconds)
        switch command.action {
        case .create(let create):
            subject = create.subject.text
            policy = create.policy.text
            bring(create.context, create.device)
            methods = create.authentication?.methods.map(\.text) ?? []
            factor = create.factor?.kind
            attributes = create.attributes.texts
        case .validate(let validate):
            tell(of: validate.token.session, in: transaction)
            bring(validate.context)
        case .refresh(let refresh):
            tell(of: refresh.refreshToken.session, in: transaction)
            bring(refresh.context)
        case .elevate(let elevate):
            tell(of: elevate.token.session, in: transaction)
            bring(elevate.context)
            switch elevate.proof {
            case .factor(let proof): factor = proof.kind
            case .authentication(let authentication): methods = authentication.methods.map(\.text)
            }
        case .reauthenticate(let again):
            tell(of: again.token.session, in: transaction)
            bring(again.context)
            methods = again.authentication.methods.map(\.text)
        case .update(let update):
            tell(of: update.target, in: transaction)
            bring(update.context, update.device)
            attributes = update.attributes?.texts ?? [:]
        case .beginTransfer(let begin):
            tell(of: begin.token.session, in: transaction)
            bring(begin.context)
        case .completeTransfer(let complete):
            tell(of: complete.ticket.session, in: transaction)
            bring(complete.context, complete.device)
        case .revoke(let revoke):
            switch revoke.target {
            case .token(let token): tell(of: token.session, in: transaction)
            case .session(let id): tell(of: id, in: transaction)
            case .subject(let name, except: _): subject = name.text
            case .all: break
            }
        case .lock(let lock), .unlock(let lock):
            switch lock.target {
            case .session(let id): tell(of: id, in: transaction)
            case .subject(let name): subject = name.text
            }
        case .get(let target): tell(of: target, in: transaction)
        case .activity(let activity): tell(of: activity.session, in: transaction)
        case .disable(let switching), .enable(let switching): subject = switching.subject.text
        case .list(let list): subject = list.subject.text
        case .enroll(let enroll): subject = enroll.subject.text
        case .confirm(let confirm): subject = confirm.subject.text
        case .remove(let remove): subject = remove.subject.text
        case .listFactors(let name): subject = name.text
        case .putPolicy(let put): policy = put.name.text
        case .getPolicy(let name), .removePolicy(let name): policy = name.text
        case .listPolicies: break
        case .expire, .carryOutRevocations, .forgetRevocations:
            preconditionFailure("the sweep's commands are nobody's attempt")
        }
    }

    private mutating func tell(of target: SessionTarget, in transaction: SubjectTransaction) {
        switch target {
        case .token(let token): tell(of: token.session, in: transaction)
        case .session(let id): tell(of: id, in: transaction)
        }
    }

    private mutating func tell(of id: SessionID?, in transaction: SubjectTransaction) {
        guard let known = id.flatMap({ transaction.session($0, tenant: tenant) }) else { return }
        session = SessionFacts(known, at: transaction.now)
        subject = known.subject.text
        policy = known.policy.text
    }

    private mutating func bring(_ context: ClientContext?, _ device: Device? = nil) {
        self.context = context.map(SessionContext.init)
        self.device = device.map(SessionDevice.init)
    }
}

extension SessionDecision {
    /// What is granted with this result; `nil` for a token that is not valid, which is no grant.
    init?(_ attempt: SessionAttempt, granting data: ResultData, at now: Timestamp) {
        self.init(attempt: attempt)
        switch data {
        case .created(let session, tokens: _, let evicted, challenge: _):
            self.session = SessionFacts(session, at: now)
            affected = evicted.map(\.text)
        case .validated(.valid(let session)), .issued(let session, tokens: _), .session(let session):
            self.session = SessionFacts(session, at: now)
        case .validated(.invalid): return nil
        case .switched(let ids), .revoked(let ids), .disabled(let ids): affected = ids.map(\.text)
        case .sessions, .massRevocation, .ticket, .activity, .enrolled, .factor, .factors, .policy, .policyRemoved,
            .policies:
            break
        case .annotated, .expired: preconditionFailure("this is not what a rule for callers decides")
        }
    }
}

extension Command.Action {
    /// What it is called by those who send it; `nil` for the sweep's own.
    var name: CommandName? {
        switch self {
        case .create: .create
        case .validate: .validate
        case .refresh: .refresh
        case .elevate: .elevate
        case .reauthenticate: .reauthenticate
        case .update: .update
        case .beginTransfer: .beginTransfer
        case .completeTransfer: .completeTransfer
        case .revoke: .revoke
        case .lock: .lock
        case .unlock: .unlock
        case .disable: .disable
        case .enable: .enable
        case .get: .get
        case .list: .list
        case .activity: .activity
        case .enroll: .enroll
        case .confirm: .confirm
        case .remove: .remove
        case .listFactors: .listFactors
        case .putPolicy: .putPolicy
        case .getPolicy: .getPolicy
        case .removePolicy: .removePolicy
        case .listPolicies: .listPolicies
        case .expire, .carryOutRevocations, .forgetRevocations: nil
        }
    }
}
