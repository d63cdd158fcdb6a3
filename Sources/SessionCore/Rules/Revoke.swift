extension SessionManager {
    /// Ends one session, or those of a subject. Ending what is unknown, replaced or already over is no error: the
    /// caller has what it wants (contract §3). What only idled out does not come back from then on.
    func revoke(
        _ revoke: RevokeSessions, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        if case .all(let narrowing) = revoke.target {
            return try revokeAll(narrowing, because: revoke.reason, tenant: tenant, in: &transaction)
        }
        transaction.settleDeadlines()
        let targets = try targets(of: revoke.target, tenant: tenant, in: transaction)
        var revoked: [SessionID] = []
        for id in targets {
            // Where it is all of a subject, the ones below are among them.
            if !revoke.cascade, !revoke.target.isSubject { raiseChildren(of: id, in: &transaction) }
            revoked += transaction.revoke(id, because: revoke.reason)
        }
        return .granted(.revoked(revoked))
    }

    private func targets(
        of target: RevokeSessions.Target, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> [SessionID] {
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
        case .all: preconditionFailure("a mass revocation is no matter of one subject")
        }
    }

    /// The session to spare, and those above it, without which it would end. A token that is not a session's present
    /// one is refused: to go on would end the very session that the caller meant to keep.
    private func spared(
        by exception: RevokeSessions.Exception?, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> [SessionID] {
        let spared: Session?
        switch exception {
        case nil: return []
        case .session(let id): spared = id.flatMap { transaction.session($0, tenant: tenant) }
        case .token(let reference):
            let token = try genuine(reference)
            guard token.session.handle == transaction.aggregate.handle else {
                throw .rejected(.tokenInvalid, "the token to spare is another subject's")
            }
            spared = transaction.session(token.session, tenant: tenant)
            guard spared == nil || spared?.credentials.session == token.digest else {
                throw .rejected(.tokenInvalid, "the token to spare has been replaced")
            }
        }
        guard let spared, spared.status.isLiving else { return [] }
        return [spared.id] + transaction.ancestors(of: spared)
    }

    private func genuine(_ reference: TokenReference) throws(Stop) -> PresentedToken {
        guard let token = reference.presented, token.kind == .session else {
            throw .rejected(.tokenInvalid, "this is not a session token")
        }
        return token
    }

    /// Puts the children of a session below its parent, or makes them roots, which then count towards the limit. What has no
    /// place there stays, and ends with the session: a revocation is never refused for want of room.
    private func raiseChildren(of id: SessionID, in transaction: inout SubjectTransaction) {
        let children = transaction.children(of: id)
        guard let session = transaction.aggregate.sessions[id], !children.isEmpty else { return }
        let raised: [Session]
        if let parent = transaction.parent(of: session) {
            let staying = transaction.children(of: parent.id).count - 1
            raised = Array(children.prefix(max(0, transaction.policies.governing(parent).maxChildren - staying)))
        } else {
            raised = makeRoom(forRoots: children, insteadOf: session, in: &transaction)
        }
        transaction.move(raised, from: session.id, to: session.parentID)
    }

    /// Which of the children become roots: the limit holds by policy, and the place of the session that ends is free.
    private func makeRoom(
        forRoots children: [Session], insteadOf session: Session, in transaction: inout SubjectTransaction
    ) -> [Session] {
        let groups = Dictionary(grouping: children) { RootGroup(policy: $0.policy, waits: $0.waitsForFactor) }
        var raised: [Session] = []
        for (group, members) in groups.sorted(by: { $0.key < $1.key }) {
            let freed = group == RootGroup(policy: session.policy, waits: session.waitsForFactor) ? 1 : 0
            var request = PlaceRequest(
                tenant: session.tenant, subject: session.subject, policyName: group.policy,
                policy: transaction.policies.governing(members[0]), isPending: group.waits,
                count: members.count - freed, isNew: false, spared: session.id)
            let wanted = request.count
            request.count = places(for: request, in: transaction)
            if request.count < wanted {
                transaction.announce(.limitReached, tenant: request.tenant, subject: request.subject)
            }
            if request.count > 0 { _ = makeRoom(for: request, in: &transaction) }
            let count = request.count + freed
            // Those that would be evicted first do not begin with it.
            raised += request.evicts ? request.inOrderOfEviction(members).suffix(count) : members.prefix(count)
        }
        return raised
    }

    /// Roots that share a limit.
    private struct RootGroup: Hashable, Comparable {
        let policy: ExactText
        let waits: Bool

        static func < (left: RootGroup, right: RootGroup) -> Bool {
            if left.policy == right.policy { return !left.waits && right.waits }
            return left.policy < right.policy
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
