/// What became of the context that a command brought.
enum ContextVerdict {
    /// Accepted, and in the session; whether it has to be stored even if nothing else is.
    case accepted(teaches: Bool)
    /// Not accepted before the session is elevated.
    case mismatch
    /// The session was locked, or has ended, for it.
    case locked
    case revoked

    /// The refusal of a command that needs the context to be accepted.
    var rejection: Rejection? {
        switch self {
        case .accepted: nil
        case .mismatch: Rejection(.contextRejected, "this context is not accepted before the session is elevated")
        case .locked: Rejection(.sessionLocked, "the session was locked for this context")
        case .revoked: Rejection(.sessionEnded, "the session was revoked for this context")
        }
    }
}

extension SessionManager {
    /// Suspect contexts that are remembered of a session, so that each is told of once.
    private static var maxSuspects: Int { 8 }

    /// Applies the context rules of `policy` to what a command brought. An accepted context moves into `session`, which
    /// the caller stores; what a rule does to the session is stored here.
    ///
    /// - Parameter isElevation: whether the user has just proved who they are, so that `elevate` is content.
    func judge(
        _ presented: ClientContext?, of session: inout Session, under policy: SessionPolicy,
        isElevation: Bool = false, in transaction: inout SubjectTransaction
    ) throws(ScopeTooNarrow) -> ContextVerdict {
        guard let presented else { return .accepted(teaches: false) }
        let comparison = compare(presented, with: session, under: policy, now: transaction.now)
        guard let (changed, reaction) = comparison.change else {
            accept(presented, in: &session, at: transaction.now)
            return .accepted(teaches: comparison.teaches)
        }
        let change = ContextChange(
            changed: changed, previous: session.context, current: presented, reaction: reaction)
        let detail = Event.Detail.contextChange(change)
        switch reaction {
        case .off: preconditionFailure("a rule that is off does not fire")
        case .elevate where !isElevation:
            if session.suspects.contains(presented) { return .mismatch }
            try transaction.requireWhole()
            suspect(presented, of: &session, change, in: &transaction)
            return .mismatch
        case .notify, .elevate:
            try transaction.requireWhole()
            accept(presented, in: &session, at: transaction.now)
            transaction.announce(.contextChanged, of: session, detail: detail)
            return .accepted(teaches: true)
        case .lock:
            try transaction.requireWhole()
            transaction.announce(.suspicious, of: session, reason: EndReason.context.word, detail: detail)
            _ = transaction.lock(session, reason: EndReason.context.word, context: presented)
            return .locked
        case .revoke:
            try transaction.requireWhole()
            transaction.announce(.suspicious, of: session, reason: EndReason.context.word, detail: detail)
            transaction.end(session, as: .revoked, reason: .context, event: .revoked)
            return .revoked
        }
    }

    /// Tells of a context that is not accepted, and remembers that it was told of.
    private func suspect(
        _ presented: ClientContext, of session: inout Session, _ change: ContextChange,
        in transaction: inout SubjectTransaction
    ) {
        session.suspects = session.suspects.suffix(Self.maxSuspects - 1) + [presented]
        if !transaction.hasRoom(for: session) { session.suspects = [presented] }
        transaction.note(session)
        transaction.announce(
            .suspicious, of: session, reason: EndReason.context.word, detail: .contextChange(change))
    }

    private func compare(
        _ presented: ClientContext, with session: Session, under policy: SessionPolicy, now: Timestamp
    ) -> ContextComparison {
        let seen = session.placedAt ?? session.createdAt
        return ContextComparison(
            rules: policy.context, accepted: (session.context ?? ClientContext()).on(session.device),
            presented: presented, elapsedSeconds: Double(now.milliseconds - seen.milliseconds) / 1000)
    }

    /// The refusal of a session that would come back from over with a context that no rule lets pass: there is nothing left
    /// to lock or to end, so that it is told of is all that happens.
    func refuseComeback(
        with presented: ClientContext?, of session: Session, under policy: SessionPolicy,
        in transaction: inout SubjectTransaction
    ) -> Rejection? {
        guard let presented,
            let (changed, reaction) = compare(presented, with: session, under: policy, now: transaction.now).change,
            reaction.strictness > SessionPolicy.ContextRules.Reaction.notify.strictness
        else { return nil }
        if !session.suspects.contains(presented) {
            var session = session
            suspect(
                presented, of: &session,
                ContextChange(changed: changed, previous: session.context, current: presented, reaction: reaction),
                in: &transaction)
        }
        return Rejection(.contextRejected, "the session does not come back with this context")
    }

    /// Takes a context as the session's.
    func accept(_ presented: ClientContext, in session: inout Session, at now: Timestamp) {
        session.context = presented.over(session.context)
        if presented.coordinates != nil { session.placedAt = now }
        session.suspects.removeAll { $0 == presented }
    }

    /// Whether a session begins from where none of the subject's known sessions was (contract §8, `onRisk`). The very first
    /// has nothing to differ from; what never showed its second factor makes nothing known.
    func isRisky(_ context: ClientContext?, in transaction: SubjectTransaction) -> Bool {
        let known = transaction.aggregate.sessions.values.filter { $0.pendingUntil == nil }.map {
            ($0.context ?? ClientContext()).on($0.device)
        }
        guard let context, !known.isEmpty else { return false }
        if let fingerprint = context.fingerprint, !known.contains(where: { $0.fingerprint == fingerprint }) {
            return true
        }
        if let country = context.country, !known.contains(where: { $0.country == country }) { return true }
        return false
    }
}
