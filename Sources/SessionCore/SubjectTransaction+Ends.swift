// Ends that are due but not yet written: deadlines that have passed, and sessions that an active mass revocation
// affects. A writer writes them; a reader treats them as done.

/// How a living session ends at this moment.
struct DueEnd {
    let at: Timestamp
    let status: SessionStatus
    let reason: EndReason
    /// `nil` if a deadline passed.
    var revocation: MassRevocation?

    var event: Event.Kind { revocation == nil ? .expired : .revoked }
}

extension SubjectTransaction {
    /// `nil` if the session continues, or has ended already.
    func dueEnd(of session: Session) -> DueEnd? {
        let expiry = session.expiry(at: now).map {
            DueEnd(at: session.idleExpiresAt, status: .expired, reason: $0)
        }
        guard !standing.isEmpty, session.status.isLiving, let revocation = standing.first(concerning: session) else {
            return expiry
        }
        if let expiry, expiry.at <= revocation.at { return expiry }
        return DueEnd(at: revocation.at, status: .revoked, reason: revocation.reason, revocation: revocation)
    }

    /// Whether a session that idled out could be resumed, were it not for an active revocation.
    private func isBarred(_ session: Session) -> Bool {
        guard !standing.isEmpty, let ending = session.ending, ending.reason == .expiredIdle, !ending.isFinal else {
            return false
        }
        return standing.first(concerning: session) != nil
    }

    /// `session` at this moment, with everything that is due on it or an ancestor applied; `nil` if it is to be
    /// forgotten. If the session has a parent, the whole aggregate must be loaded.
    func current(_ session: Session) -> Session? {
        if let ending = session.ending {
            if ending.forgottenAt <= now { return nil }
            return isBarred(session) ? barred(session) : session
        }
        var first = dueEnd(of: session).map { (session: session, end: $0) }
        for id in ancestors(of: session) {
            guard let candidate = aggregate.sessions[id], let end = dueEnd(of: candidate) else { continue }
            if let first, !comesEarlier((candidate, end), first) { continue }
            first = (candidate, end)
        }
        guard let first else { return session }
        let reason = first.session.id == session.id ? first.end.reason : .parentEnded
        let over = ended(session, as: first.end.status, reason: reason, at: first.end.at)
        return isBarred(over) ? barred(over) : over
    }

    private func barred(_ session: Session) -> Session {
        var barred = session
        barred.ending?.isFinal = true
        return barred
    }

    /// Ends every session whose end is due, forgets those that ended long enough ago, and closes those that an active
    /// revocation keeps from being resumed.
    mutating func settleDeadlines() {
        var due: [(session: Session, end: DueEnd)] = []
        var others: [SessionID] = []
        for session in aggregate.sessions.values {
            if let end = dueEnd(of: session) {
                due.append((session, end))
            } else if session.nextDeadline <= now || isBarred(session) {
                others.append(session.id)
            }
        }
        if due.isEmpty, others.isEmpty { return }
        for (session, end) in due.sorted(by: comesEarlier) { carryOut(end, of: session.id) }
        for id in others { settle(id) }
    }

    private mutating func carryOut(_ end: DueEnd, of id: SessionID) {
        // It may just have ended with its parent.
        guard let session = aggregate.sessions[id], session.status.isLiving else { return settle(id) }
        let commands = traceparent
        if let revocation = end.revocation { traceparent = revocation.traceparent }
        self.end(session, as: end.status, reason: end.reason, event: end.event, at: end.at)
        traceparent = commands
        settle(id)
    }

    /// For a session that has ended.
    private mutating func settle(_ id: SessionID) {
        guard let session = aggregate.sessions[id], let ending = session.ending else { return }
        if ending.forgottenAt <= now {
            forget(id)
        } else if isBarred(session) {
            close(session)
        }
    }

    /// Orders ends by time; for sessions that a revocation ends at the same moment, parents come before children.
    private func comesEarlier(
        _ one: (session: Session, end: DueEnd), _ other: (session: Session, end: DueEnd)
    ) -> Bool {
        if one.end.at != other.end.at { return one.end.at < other.end.at }
        let (height, otherHeight) = (height(of: one), height(of: other))
        return height == otherHeight ? one.session.id.text < other.session.id.text : height < otherHeight
    }

    private func height(of due: (session: Session, end: DueEnd)) -> Int {
        due.end.revocation == nil ? 0 : depth(of: due.session)
    }
}
