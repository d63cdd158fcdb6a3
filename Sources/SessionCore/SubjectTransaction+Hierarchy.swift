// What happens to a session happens to those below it, in the same commit.
extension SubjectTransaction {
    /// The living sessions directly below a session, oldest first.
    func children(of id: SessionID) -> [Session] {
        living.filter { $0.parentID == id }
    }

    /// How many sessions are above a session.
    func depth(of session: Session) -> Int {
        ancestors(of: session).count
    }

    /// The sessions above a session, nearest first.
    func ancestors(of session: Session) -> [SessionID] {
        var ancestors: [SessionID] = []
        var next = session.parentID
        while let id = next, !ancestors.contains(id), let parent = aggregate.sessions[id] {
            ancestors.append(id)
            next = parent.parentID
        }
        return ancestors
    }

    /// Ends `session`, now or at the deadline that has passed, and those below it; each is announced with the one event
    /// that says how.
    ///
    /// - Returns: the sessions that ended, parents first.
    @discardableResult
    mutating func end(
        _ session: Session, as status: SessionStatus, reason: EndReason, event: Event.Kind, at end: Timestamp? = nil
    ) -> [SessionID] {
        let ended = endOne(session, as: status, reason: reason, event: event, at: end)
        forgetSurplus()
        return ended
    }

    private mutating func endOne(
        _ session: Session, as status: SessionStatus, reason: EndReason, event: Event.Kind, at end: Timestamp?
    ) -> [SessionID] {
        precondition(session.status.isLiving && !status.isLiving, "only a living session ends, and once")
        var ended = session
        ended.status = status
        ended.pendingUntil = nil
        ended.lock = nil
        ended.ticket = nil
        let remembered = policies.governing(session).rememberedSeconds
        ended.ending = SessionEnding(at: end ?? now, reason: reason, forgottenAt: now.adding(seconds: remembered))
        put(ended)
        announce(event, of: ended, reason: reason.word)
        var all = [session.id]
        let childrensEvent: Event.Kind = status == .expired ? .expired : .revoked
        for child in children(of: session.id) {
            all += endOne(child, as: status, reason: .parentEnded, event: childrensEvent, at: end)
        }
        return all
    }

    /// Locks `session` and those below it that are not locked yet.
    ///
    /// - Parameter context: what it was locked for, where a context rule did it.
    /// - Returns: the sessions that were locked, parents first.
    mutating func lock(_ session: Session, reason: String, context: ClientContext? = nil) -> [SessionID] {
        lock(session, reason: reason, SessionLock(context: context), root: session.id)
    }

    private mutating func lock(
        _ session: Session, reason: String, _ lock: SessionLock, root: SessionID
    ) -> [SessionID] {
        var all: [SessionID] = []
        if session.status != .locked {
            var locked = session
            locked.status = .locked
            locked.lock = lock
            locked.ticket = nil
            put(locked)
            announce(.locked, of: locked, reason: reason)
            all.append(session.id)
        }
        for child in children(of: session.id) {
            all += self.lock(child, reason: "parent_locked", SessionLock(through: root), root: root)
        }
        return all
    }

    /// Unlocks `session`, and those below it that were locked with it.
    ///
    /// - Returns: the sessions that were unlocked, parents first.
    mutating func unlock(_ session: Session, reason: String) -> [SessionID] {
        var all = [unlockOne(session, reason: reason)]
        for other in living where other.lock?.through == session.id {
            all.append(unlockOne(other, reason: "parent_unlocked"))
        }
        return all
    }

    private mutating func unlockOne(_ session: Session, reason: String) -> SessionID {
        var unlocked = session
        unlocked.status = session.pendingUntil == nil ? .active : .pending
        if let context = session.lock?.context {
            unlocked.context = context.over(session.context)
            if context.coordinates != nil { unlocked.placedAt = now }
            unlocked.suspects = []
        }
        unlocked.lock = nil
        put(unlocked)
        announce(.unlocked, of: unlocked, reason: reason)
        return session.id
    }

    /// Bounds what the sessions below `parent` may have by what it has now.
    mutating func capChildren(of parent: Session) {
        for child in children(of: parent.id) {
            var capped = child
            capped.assurance.ceiling = parent.assurance.ceilingForChild(at: now)
            guard capped != child else { continue }
            note(capped)
            capChildren(of: capped)
        }
    }

    /// Puts children elsewhere in the tree. What was locked through the session above them is from then on locked by itself.
    mutating func move(_ children: [Session], from former: SessionID, to parent: SessionID?) {
        for child in children {
            guard var moved = aggregate.sessions[child.id] else { continue }
            moved.parentID = parent
            if let lock = moved.lock, let root = lock.through, root == former {
                moved.lock = SessionLock(context: lock.context)
                relock(below: moved.id, from: former, to: moved.id)
            }
            note(moved)
        }
    }

    private mutating func relock(below id: SessionID, from former: SessionID, to root: SessionID) {
        for child in children(of: id) {
            if child.lock?.through == former {
                var relocked = child
                relocked.lock = SessionLock(through: root, context: child.lock?.context)
                note(relocked)
            }
            relock(below: child.id, from: former, to: root)
        }
    }

    private mutating func forgetSurplus() {
        let ended = aggregate.sessions.values.compactMap { session in session.ending.map { (session.id, $0.at) } }
        guard ended.count > Self.maxEndedSessions else { return }
        let oldestFirst = ended.sorted { ($0.1, $0.0.text) < ($1.1, $1.0.text) }
        for (id, _) in oldestFirst.prefix(ended.count - Self.maxEndedSessions) { forget(id) }
    }
}
