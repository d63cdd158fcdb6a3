extension SessionManager {
    /// Ends one session, or those of a subject. If a session is unknown, replaced or has already ended, that is not an
    /// error: the caller has what it wanted (contract §3). A session that idled out can no longer be resumed.
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
            // If all of a subject's sessions end, the children are among them.
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
            return parentsFirst(transaction.all).map { $0.id }.filter { !spared.contains($0) }
        case .all: preconditionFailure("a mass revocation does not belong to one subject")
        }
    }

    /// The session to spare, and its ancestors, without which it would end. A token that is not current is rejected:
    /// otherwise the session that the caller meant to keep would end.
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
                throw .rejected(.tokenInvalid, "the token to spare belongs to another subject")
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

    /// Moves the children of a session to its parent, or makes them roots, which then count towards the limit. Children
    /// that do not fit there stay and end with the session: a revocation is never rejected because a limit is reached.
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

    /// Which children become roots. The limit applies per policy, and the session that ends frees its slot.
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
            // Exclude those that would be evicted first.
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

    /// Sorts sessions so that each follows its parent. Siblings keep their order.
    func parentsFirst(_ sessions: [Session]) -> [Session] {
        let known = Set(sessions.map { $0.id })
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
