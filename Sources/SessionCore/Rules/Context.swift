/// What a context rule decided about the context in a command.
enum ContextVerdict {
    /// Accepted, and copied to the session. `teaches`: whether it must be stored even if nothing else is.
    case accepted(teaches: Bool)
    /// Not accepted until the session is elevated.
    case mismatch
    /// The session was locked, or ended, because of it.
    case locked
    case revoked

    /// The rejection if the command needs the context to be accepted.
    var rejection: RejectionWithEffect? {
        switch self {
        case .accepted: nil
        case .mismatch:
            RejectionWithEffect(.contextRejected, "this context is not accepted until the session is elevated")
        case .locked: RejectionWithEffect(.sessionLocked, "the session was locked because of this context")
        case .revoked: RejectionWithEffect(.sessionEnded, "the session was revoked because of this context")
        }
    }
}

extension SessionManager {
    /// Suspect contexts remembered per session, so that each is announced only once.
    private static var maxSuspects: Int { 8 }

    /// Applies the context rules of `policy` to the context in a command. An accepted context is copied to `session`,
    /// which the caller stores. Effects of a rule on the session are stored here.
    ///
    /// - Parameters:
    ///   - brought: `nil` if the command has no context. Then only the fields that the policy requires are checked.
    ///   - isElevation: whether the user has just proved who they are, which satisfies the reaction `elevate`.
    ///   - isOtherDevice: whether another device sent it, as in a transfer.
    func judge(
        _ brought: ClientContext?, of session: inout Session, under policy: SessionPolicy,
        isElevation: Bool = false, isOtherDevice: Bool = false, in transaction: inout SubjectTransaction
    ) throws(Stop) -> ContextVerdict {
        guard brought != nil || !policy.context.require.isEmpty else { return .accepted(teaches: false) }
        let presented = brought ?? ClientContext()
        let comparison = compare(
            presented, with: session, under: policy, isOtherDevice: isOtherDevice, now: transaction.now)
        guard let (changed, reaction) = comparison.change else {
            let isNewPlace = isNewPlace(presented, of: session, under: policy)
            if isNewPlace { try transaction.requireWhole() }
            let wasMissing = session.suspects.contains(.nothing)
            accept(brought, in: &session, at: transaction.now)
            session.suspects.removeAll { $0 == .nothing }
            return .accepted(teaches: comparison.teaches || isNewPlace || wasMissing)
        }
        let change = ContextChange(
            changed: changed, previous: session.context, current: presented, reaction: reaction)
        let detail = Event.Detail.contextChange(change)
        switch reaction {
        case .off: preconditionFailure("a rule that is off cannot fire")
        case .elevate where !isElevation:
            if session.suspects.contains(presented) { return .mismatch }
            try transaction.requireWhole()
            suspect(presented, of: &session, change, in: &transaction)
            return .mismatch
        case .notify where comparison.isOnlyMissing(changed):
            // It stays missing in later commands. Announcing it each time would make one event per request.
            let isKnown = session.suspects.contains(.nothing)
            if !isKnown { try transaction.requireWhole() }
            accept(brought, in: &session, at: transaction.now)
            session.suspects = session.suspects.filter { $0 != .nothing }.suffix(Self.maxSuspects - 1) + [.nothing]
            if !isKnown { transaction.announce(.contextChanged, of: session, detail: detail) }
            return .accepted(teaches: !isKnown || comparison.teaches)
        case .notify, .elevate:
            try transaction.requireWhole()
            accept(brought, in: &session, at: transaction.now)
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

    /// Announces a context that is not accepted, and remembers that it was announced.
    private func suspect(
        _ presented: ClientContext, of session: inout Session, _ change: ContextChange,
        in transaction: inout SubjectTransaction
    ) {
        session.suspects = session.suspects.suffix(Self.maxSuspects - 1) + [presented]
        if !transaction.hasRoom(for: session) { session.suspects = [presented] }
        transaction.update(session)
        transaction.announce(
            .suspicious, of: session, reason: EndReason.context.word, detail: .contextChange(change))
    }

    private func compare(
        _ presented: ClientContext, with session: Session, under policy: SessionPolicy, isOtherDevice: Bool = false,
        now: Timestamp
    ) -> ContextComparison {
        let seen = session.placedAt ?? session.createdAt
        return ContextComparison(
            rules: policy.context, accepted: (session.context ?? ClientContext()).on(session.device),
            presented: presented, elapsedSeconds: Double(now.milliseconds - seen.milliseconds) / 1000,
            isOtherDevice: isOtherDevice)
    }

    /// The rejection if a session is to be resumed with a context that the rules do not allow. There is nothing left to
    /// lock or end, so announcing it is the only effect.
    func rejectComeback(
        with brought: ClientContext?, of session: Session, under policy: SessionPolicy,
        in transaction: inout SubjectTransaction
    ) -> RejectionWithEffect? {
        let presented = brought ?? ClientContext()
        guard brought != nil || !policy.context.require.isEmpty,
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
        return RejectionWithEffect(.contextRejected, "the session cannot be resumed with this context")
    }

    /// Makes a context the session's accepted context.
    func accept(_ brought: ClientContext?, in session: inout Session, at now: Timestamp) {
        guard let presented = brought else { return }
        session.context = presented.over(session.context)
        if presented.coordinates != nil { session.placedAt = now }
        session.suspects.removeAll { $0 == presented }
    }

    /// Whether a session begins in a place where neither the subject nor any of its stored sessions was active
    /// (contract §8, `onRisk`), or lacks a required field. The very first session is not risky, because there is
    /// nothing to compare it with. A session that never showed its second factor does not make a place known.
    func isRisky(_ context: ClientContext, under policy: SessionPolicy, in transaction: SubjectTransaction) -> Bool {
        if policy.context.require.areMissing(in: context) { return true }
        let known = transaction.aggregate.sessions.values.filter { $0.pendingUntil == nil }.map {
            ($0.context ?? ClientContext()).on($0.device)
        }
        let places = transaction.aggregate.subject?.places
        guard places != nil || !known.isEmpty else { return false }
        if let fingerprint = context.fingerprint, places?.fingerprints.contains(fingerprint) != true,
            !known.contains(where: { $0.fingerprint == fingerprint })
        {
            return true
        }
        guard let country = context.country, places?.countries.contains(country) != true else { return false }
        return !known.contains { $0.country == country }
    }

    /// Whether a session continues in a new place, which has to be stored with its subject.
    private func isNewPlace(_ presented: ClientContext, of session: Session, under policy: SessionPolicy) -> Bool {
        guard policy.mfa.required == .onRisk else { return false }
        let accepted = (session.context ?? ClientContext()).on(session.device)
        if let fingerprint = presented.fingerprint, fingerprint != accepted.fingerprint { return true }
        guard let country = presented.country else { return false }
        return country != accepted.country
    }
}

extension ClientContext {
    /// A command without a context. Among the suspects, it means that missing fields have been announced.
    fileprivate static let nothing = ClientContext()
}
