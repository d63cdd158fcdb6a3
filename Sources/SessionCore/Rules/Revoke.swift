extension SessionManager {
    /// Ends one session, or those of a subject. Ending what is unknown, replaced or already over is no error: the
    /// caller has what it wants (contract §3). What only idled out does not come back from then on.
    func revoke(
        _ revoke: RevokeSessions, tenant: String, in transaction: inout SubjectTransaction
    ) throws -> Outcome {
        transaction.settleDeadlines()
        let targets = try targets(of: revoke.target, tenant: tenant, in: transaction)
        var revoked: [SessionID] = []
        for id in targets {
            // Where it is all of a subject, the ones below are among them.
            if !revoke.cascade, !revoke.target.isSubject { try raiseChildren(of: id, in: &transaction) }
            revoked += transaction.revoke(id, because: revoke.reason)
        }
        return .succeeded(.revoked(revoked))
    }

    private func targets(
        of target: RevokeSessions.Target, tenant: String, in transaction: SubjectTransaction
    ) throws(Rejection) -> [SessionID] {
        switch target {
        case .token(let reference):
            let token = try genuine(reference)
            let session = transaction.session(token.session, tenant: tenant)
            return session?.credentials.session == token.digest ? [token.session] : []
        case .session(let id):
            return id.flatMap { transaction.session($0, tenant: tenant) }.map { [$0.id] } ?? []
        case .subject(_, except: let exception):
            let spared = try spared(by: exception, tenant: tenant, in: transaction)
            return parentsFirst(transaction.all).map(\.id).filter { !spared.contains($0) }
        }
    }

    /// The session to spare, and those above it, without which it would end. A token that is not a session's present
    /// one is refused: to go on would end the very session that the caller meant to keep.
    private func spared(
        by exception: RevokeSessions.Exception?, tenant: String, in transaction: SubjectTransaction
    ) throws(Rejection) -> [SessionID] {
        let spared: Session?
        switch exception {
        case nil: return []
        case .session(let id): spared = id.flatMap { transaction.session($0, tenant: tenant) }
        case .token(let reference):
            let token = try genuine(reference)
            guard token.session.handle == transaction.aggregate.handle else {
                throw Rejection(.tokenInvalid, "the token to spare is another subject's")
            }
            spared = transaction.session(token.session, tenant: tenant)
            guard spared == nil || spared?.credentials.session == token.digest else {
                throw Rejection(.tokenInvalid, "the token to spare has been replaced")
            }
        }
        guard let spared, spared.status.isLiving else { return [] }
        return [spared.id] + transaction.ancestors(of: spared)
    }

    private func genuine(_ reference: TokenReference) throws(Rejection) -> PresentedToken {
        guard let token = reference.presented, token.kind == .session else {
            throw Rejection(.tokenInvalid, "this is not a session token")
        }
        return token
    }

    /// Puts the children of a session below its parent, or makes them roots, which then count towards the limit.
    private func raiseChildren(
        of id: SessionID, in transaction: inout SubjectTransaction
    ) throws(Rejection) {
        let children = transaction.children(of: id)
        guard let session = transaction.aggregate.sessions[id], !children.isEmpty else { return }
        if let parent = transaction.parent(of: session) {
            let policy = transaction.policies.governing(parent)
            guard transaction.children(of: parent.id).count - 1 + children.count <= policy.maxChildren else {
                throw Rejection(.hierarchyTooDeep, "a session has \(policy.maxChildren) children at most")
            }
        } else {
            try makeRoom(forRoots: children, insteadOf: session, in: &transaction)
        }
        transaction.move(children, from: session.id, to: session.parentID)
    }

    /// The limit holds for roots by policy; the place of the one that ends is free.
    private func makeRoom(
        forRoots children: [Session], insteadOf session: Session, in transaction: inout SubjectTransaction
    ) throws(Rejection) {
        for (name, group) in Dictionary(grouping: children, by: \.policy).sorted(by: { $0.key < $1.key }) {
            let count = group.count - (name == session.policy ? 1 : 0)
            guard count > 0 else { continue }
            let policy = transaction.policies.governing(group[0])
            let room = makeRoom(
                for: session.subject, tenant: session.tenant, policy: name, policy, count: count, sparing: session.id,
                in: &transaction)
            guard case .available = room else { throw Rejection(.limitReached, room.refusal) }
        }
    }

    /// Sessions, each behind its parent; siblings keep their order.
    func parentsFirst(_ sessions: [Session]) -> [Session] {
        let known = Set(sessions.map(\.id))
        let children = Dictionary(grouping: sessions) { session in
            session.parentID.flatMap { known.contains($0) ? $0 : nil }
        }
        var ordered: [Session] = []
        func visit(_ parent: SessionID?) {
            for session in children[parent] ?? [] {
                ordered.append(session)
                visit(session.id)
            }
        }
        visit(nil)
        return ordered
    }
}
