import SojournExtension

extension SessionAttempt {
    /// Combines what a command states with what is stored about the session it names.
    ///
    /// - Parameter sent: the action of `command`.
    init(of command: Command, _ sent: any SentCommand, in transaction: SubjectTransaction) {
        self.init(
            command: type(of: sent).traits.name, tenant: command.tenant, caller: command.caller,
            nowMilliseconds: transaction.now.milliseconds)
        switch sent.about {
        case .subject(let name): subject = name.text
        case .session(let id), .sessionAlone(let id), .sessionWithActivity(let id): tell(of: id, in: transaction)
        case .token(let token): tell(of: token.session, in: transaction)
        case .handle, .policies, .revocations: break
        }
        let brought = sent.brings
        if let name = brought.policy { policy = name.text }
        context = brought.context.map(SessionContext.init)
        device = brought.device.map(SessionDevice.init)
        methods = brought.methods.map(\.text)
        factor = brought.factor?.kind
        attributes = brought.attributes?.texts ?? [:]
    }

    private mutating func tell(of id: SessionID?, in transaction: SubjectTransaction) {
        guard let known = id.flatMap({ transaction.session($0, tenant: tenant) }) else { return }
        session = SessionFacts(known, at: transaction.now)
        subject = known.subject.text
        policy = known.policy.text
    }
}

extension SessionDecision {
    /// The grant that `data` represents; `nil` for an invalid token, which grants nothing.
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
        case .annotated, .expired: preconditionFailure("only the sweep's commands and annotated results end here")
        }
    }
}
