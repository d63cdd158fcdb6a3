/// The two deadlines of a session.
package struct SessionLifetime: Equatable, Sendable {
    /// The idle lifetime in seconds.
    package let idleSeconds: Int
    /// The absolute deadline.
    package let expiresAt: Timestamp

    package init(idleSeconds: Int, expiresAt: Timestamp) {
        self.idleSeconds = idleSeconds
        self.expiresAt = expiresAt
    }
}

// A policy that becomes stricter also applies to existing sessions (contract §3, `policy.put`): it shortens the
// lifetime that they were given, and never lengthens it. The stored lifetime is unchanged, so a policy that was too
// strict for a minute takes nothing from the sessions that outlived it.
extension Session {
    /// This session, limited to the lifetime that `policy` allows.
    func capped(by policy: SessionPolicy) -> Session {
        let found = shorterLifetime(under: policy)
        guard found != self.cap else { return self }
        var capped = self
        capped.cap = found
        return capped
    }

    /// This session as stored.
    package var uncapped: Session {
        var uncapped = self
        uncapped.cap = nil
        return uncapped
    }

    /// `nil` if the policy does not shorten the lifetime, or the session has ended for good.
    fileprivate func shorterLifetime(under policy: SessionPolicy) -> SessionLifetime? {
        let end = self.createdAt.adding(seconds: policy.absoluteSeconds)
        guard policy.idleSeconds < self.granted.idleSeconds || end < self.granted.expiresAt,
            self.status.isLiving || self.ending?.reason == .expiredIdle
        else { return nil }
        // It was in use until then, so it has not ended earlier.
        return SessionLifetime(
            idleSeconds: min(policy.idleSeconds, self.granted.idleSeconds),
            expiresAt: min(max(end, self.lastActiveAt), self.granted.expiresAt))
    }
}

extension Aggregate {
    /// Limits the lifetimes of all sessions by the policies in force, and a child's by its ancestors' as well.
    mutating func cap(by policies: PolicyCatalogue) {
        var isCapped = false
        for session in sessions.values {
            let cap = session.shorterLifetime(under: policies.governing(session))
            if cap != nil { isCapped = true }
            if cap != session.cap { sessions[session.id]?.cap = cap }
        }
        guard isCapped else { return }
        for child in sessions.values where child.parentID != nil && child.status.isLiving {
            let end = ancestors(of: child).compactMap { sessions[$0]?.expiresAt }.min()
            guard let end, end < child.expiresAt else { continue }
            sessions[child.id]?.cap = SessionLifetime(idleSeconds: child.idleSeconds, expiresAt: end)
        }
    }

    /// The ancestors of a session, nearest first.
    func ancestors(of session: Session) -> [SessionID] {
        var ancestors: [SessionID] = []
        var next = session.parentID
        while let id = next, !ancestors.contains(id), let parent = sessions[id] {
            ancestors.append(id)
            next = parent.parentID
        }
        return ancestors
    }
}
