/// The two deadlines of a session.
package struct SessionLifetime: Equatable, Sendable {
    /// How long it may rest, in seconds.
    package let idleSeconds: Int
    /// When it ends whatever happens.
    package let expiresAt: Timestamp

    package init(idleSeconds: Int, expiresAt: Timestamp) {
        self.idleSeconds = idleSeconds
        self.expiresAt = expiresAt
    }
}

// A policy that is made stricter holds for the sessions that live by it (contract §3, `policy.put`): it caps what they
// were given, and never lengthens it. What is stored stays what they were given, so that a policy that was too strict for
// a minute takes nothing from those that survived the minute.
extension Session {
    /// This session with what `policy` leaves of its life.
    func capped(by policy: SessionPolicy) -> Session {
        let found = cap(under: policy)
        guard found != cap else { return self }
        var capped = self
        capped.cap = found
        return capped
    }

    /// This session as it is stored.
    package var uncapped: Session {
        var uncapped = self
        uncapped.cap = nil
        return uncapped
    }

    /// `nil` where the policy leaves what it has, or it is over for good.
    fileprivate func cap(under policy: SessionPolicy) -> SessionLifetime? {
        let end = createdAt.adding(seconds: policy.absoluteSeconds)
        guard policy.idleSeconds < granted.idleSeconds || end < granted.expiresAt,
            status.isLiving || ending?.reason == .expiredIdle
        else { return nil }
        // It was in use until then at least, so it has not been over for longer.
        return SessionLifetime(
            idleSeconds: min(policy.idleSeconds, granted.idleSeconds),
            expiresAt: min(max(end, lastActiveAt), granted.expiresAt))
    }
}

extension Aggregate {
    /// Caps what the sessions have left of their lives by the policies in force; a child's by what is above it, too.
    mutating func cap(by policies: PolicyCatalogue) {
        var isCapped = false
        for (id, session) in sessions {
            let cap = session.cap(under: policies.governing(session))
            if cap != nil { isCapped = true }
            if cap != session.cap { sessions[id]?.cap = cap }
        }
        guard isCapped else { return }
        for (id, child) in sessions where child.parentID != nil && child.status.isLiving {
            let end = ancestors(of: child).compactMap { sessions[$0]?.expiresAt }.min()
            guard let end, end < child.expiresAt else { continue }
            sessions[id]?.cap = SessionLifetime(idleSeconds: child.idleSeconds, expiresAt: end)
        }
    }

    /// The sessions above a session, nearest first.
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
