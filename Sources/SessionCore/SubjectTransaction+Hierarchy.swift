// Changes to a session that also apply to its descendants, in the same commit.
extension SubjectTransaction {
    /// The living direct children of a session, oldest first.
    func children(of id: SessionID) -> [Session] {
        living { $0.parentID == id }
    }

    /// `session` and its living descendants, parents first.
    mutating func tree(from session: Session) -> [Session] {
        let childIDs = self.childIDs ?? makeChildIDs()
        self.childIDs = childIDs
        var tree: [Session] = []
        var rest = [session]
        while let next = rest.popLast() {
            tree.append(next)
            for id in (childIDs[next.id] ?? []).reversed() {
                if let child = aggregate.sessions[id], child.status.isLiving { rest.append(child) }
            }
        }
        return tree
    }

    private func makeChildIDs() -> [SessionID: [SessionID]] {
        Self.oldestFirst(aggregate.sessions.values.filter { $0.parentID != nil }).reduce(into: [:]) {
            childIDs, session in
            if let parent = session.parentID { childIDs[parent, default: []].append(session.id) }
        }
    }

    func parent(of session: Session) -> Session? {
        session.parentID.flatMap { aggregate.sessions[$0] }
    }

    /// How many ancestors a session has.
    func depth(of session: Session) -> Int {
        ancestors(of: session).count
    }

    /// The ancestors of a session, nearest first.
    func ancestors(of session: Session) -> [SessionID] {
        aggregate.ancestors(of: session)
    }

    /// Ends `session`, now or at the deadline that has passed, and its descendants. Each is announced with one event.
    ///
    /// - Returns: the sessions that ended, parents first.
    @discardableResult
    mutating func end(
        _ session: Session, as status: SessionStatus, reason: EndReason, event: Event.Kind, at end: Timestamp? = nil
    ) -> [SessionID] {
        let tree = tree(from: session)
        for (index, member) in tree.enumerated() {
            precondition(member.status.isLiving && !status.isLiving, "only a living session ends, and once")
            let reason = index == 0 ? reason : .parentEnded
            var ended = ended(member, as: status, reason: reason, at: end ?? now)
            // Its ancestors may be forgotten before it is.
            if member.parentID != nil { ended.line = keptLine(of: member) }
            put(ended)
            announce(index == 0 ? event : status == .expired ? .expired : .revoked, of: ended, reason: reason.word)
        }
        return tree.map { $0.id }
    }

    /// Ends a session and its descendants now and for good. A session that has already ended, perhaps just now with its
    /// parent, can no longer be resumed.
    ///
    /// - Returns: the sessions that this ended, parents first.
    mutating func revoke(_ id: SessionID, because reason: EndReason) -> [SessionID] {
        guard let session = aggregate.sessions[id] else { return [] }
        guard session.status.isLiving else {
            close(session)
            return []
        }
        return end(session, as: .revoked, reason: reason, event: .revoked)
    }

    /// A living session in its ended state.
    func ended(_ session: Session, as status: SessionStatus, reason: EndReason, at end: Timestamp) -> Session {
        var ended = session
        ended.status = status
        ended.lock = nil
        ended.ticket = nil
        let policy = policies.governing(session)
        // A locked session must not be resumed unlocked.
        var ending = SessionEnding(
            at: end, reason: reason, forgottenAt: now.adding(seconds: policy.endedSeconds),
            isFinal: session.status == .locked)
        if ending.mayComeBack {
            let lastChance = min(end.adding(seconds: policy.reauthenticationWindowSeconds), session.expiresAt)
            ending.forgottenAt = max(ending.forgottenAt, lastChance)
        }
        ended.ending = ending
        return ended
    }

    /// Makes sure that an ended session cannot be resumed. It is not kept any longer because of that.
    mutating func close(_ session: Session) {
        guard var ending = session.ending, ending.mayComeBack else { return }
        var closed = session
        ending.isFinal = true
        ending.forgottenAt = min(
            ending.forgottenAt, now.adding(seconds: policies.governing(session).endedSeconds))
        closed.ending = ending
        put(closed)
    }

    /// Locks `session` and those of its descendants that are not locked yet.
    ///
    /// - Parameter context: the context that it was locked for, if a context rule did it.
    /// - Returns: the sessions that were locked, parents first.
    mutating func lock(_ session: Session, reason: String, context: ClientContext? = nil) -> [SessionID] {
        var all: [SessionID] = []
        for member in tree(from: session) where member.status != .locked {
            let isRoot = member.id == session.id
            var locked = member
            locked.status = .locked
            locked.lock = isRoot ? SessionLock(context: context) : SessionLock(through: session.id)
            locked.ticket = nil
            put(locked)
            announce(.locked, of: locked, reason: isRoot ? reason : "parent_locked")
            all.append(member.id)
        }
        return all
    }

    /// Unlocks `session`, and the descendants that were locked with it.
    ///
    /// - Returns: the sessions that were unlocked, parents first.
    mutating func unlock(_ session: Session, reason: String) -> [SessionID] {
        var all = [unlockOne(session, reason: reason)]
        for member in tree(from: session) where member.lock?.through == session.id {
            all.append(unlockOne(member, reason: "parent_unlocked"))
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

    /// Limits the assurance of the sessions below `parent` to what it has now.
    mutating func capChildren(of parent: Session) {
        for child in tree(from: parent).dropFirst() {
            guard let above = self.parent(of: child) else { continue }
            var capped = child
            capped.assurance.ceiling = above.assurance.ceilingForChild(at: now)
            if capped != child { update(capped) }
        }
    }

    /// Moves children to another parent. Sessions that were locked with their former ancestor are then locked
    /// themselves.
    mutating func move(_ children: [Session], from former: SessionID, to parent: SessionID?) {
        for child in children {
            guard let known = aggregate.sessions[child.id] else { continue }
            var moved = moved(known, to: parent)
            if let lock = moved.lock, let root = lock.through, root == former {
                moved.lock = SessionLock(context: lock.context)
                for var member in tree(from: child).dropFirst() where member.lock?.through == former {
                    member.lock = SessionLock(through: child.id, context: member.lock?.context)
                    update(member)
                }
            }
            update(moved)
        }
        childIDs = nil
    }

    /// Forgets the sessions that ended first if more than `maxEndedSessions` have ended.
    mutating func forgetSurplus() {
        guard aggregate.sessions.count > Self.maxEndedSessions else { return }
        let ended = aggregate.sessions.values.compactMap { session in session.ending.map { (session.id, $0.at) } }
        guard ended.count > Self.maxEndedSessions else { return }
        let oldestFirst = ended.sorted { ($0.1, $0.0.text) < ($1.1, $1.0.text) }
        for (id, _) in oldestFirst.prefix(ended.count - Self.maxEndedSessions) { forget(id) }
    }
}
