// Moving a session to another device (contract §3, `session.transfer.*`).
extension SessionManager {
    /// Issues a ticket, valid once and for a short time. It replaces an earlier ticket.
    func beginTransfer(
        _ begin: BeginTransfer, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        transaction.settleDeadlines()
        var session = try session(of: begin.token, tenant: tenant, in: transaction)
        let policy = transaction.policies.governing(session)
        try requireActive(session, under: policy, now: transaction.now)
        let verdict = try judge(begin.context, of: &session, under: policy, in: &transaction)
        if let rejection = verdict.rejection { return .rejected(rejection) }
        let ticket = tokens.issue(
            .ticket, for: session.id, generation: session.generation,
            entropy: transaction.makeEntropy(count: TokenDigest.length))
        let expiresAt = min(transaction.now.adding(seconds: policy.transferSeconds), session.expiresAt)
        session.ticket = TransferTicket(
            digest: ticket.digest, expiresAt: expiresAt, keepsOriginal: begin.keepOriginal)
        transaction.update(session)
        return .granted(.ticket(ticket.text, expiresAt: expiresAt))
    }

    /// Exchanges a ticket for a new session with the original's state. The original ends unless it is to be kept.
    func completeTransfer(
        _ complete: CompleteTransfer, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        transaction.settleDeadlines()
        let now = transaction.now
        let (original, ticket) = try original(of: complete.ticket, tenant: tenant, in: transaction)
        let policy = transaction.policies.governing(original)
        try requireActive(original, under: policy, now: now)
        try requireEnabled(transaction.aggregate.subject)
        if let rejection = try rejectTransfer(to: complete, of: original, under: policy, in: &transaction) {
            return .rejected(rejection)
        }

        if ticket.keepsOriginal {
            if let parent = transaction.parent(of: original) {
                try requirePlace(below: parent, height: 0, in: transaction)
            } else {
                let room = makeRoom(
                    for: PlaceRequest(
                        tenant: tenant, subject: original.subject, policyName: original.policy, policy: policy,
                        spared: original.id),
                    in: &transaction)
                guard case .available = room else { return .rejected(room.rejection) }
            }
        }
        let (context, placedAt) = place(of: complete, after: original, under: policy, now: now)
        var successor = Session(
            id: transaction.makeSessionID(), tenant: tenant, subject: original.subject, policy: original.policy,
            createdAt: now, idleSeconds: original.idleSeconds, expiresAt: original.expiresAt, actor: original.actor,
            status: .active, parentID: original.parentID, assurance: original.assurance,
            authenticatedAt: original.authenticatedAt, device: complete.device, context: context,
            attributes: original.attributes, lastActiveAt: now, generation: 1,
            credentials: SessionCredentials(session: ticket.digest, refresh: nil, lineStart: 1),
            placedAt: placedAt,
            // Sessions below keep their list position behind it.
            line: ticket.keepsOriginal ? [] : transaction.keptLine(of: original))
        try transaction.requireRoom(for: successor)
        let issued = replaceTokens(of: &successor, under: policy, in: &transaction)
        transaction.put(successor)
        transaction.announce(.transferred, of: successor, detail: .previousSession(original.id))
        if ticket.keepsOriginal {
            var kept = original
            kept.ticket = nil
            transaction.update(kept)
        } else {
            transaction.move(transaction.children(of: original.id), from: original.id, to: successor.id)
            transaction.end(original, as: .revoked, reason: .transferred, event: .revoked)
        }
        return .granted(.issued(session: successor, tokens: issued))
    }

    /// Judges the context of the other device. Device and address may differ, but it must be in a place where the
    /// session may be. The original session keeps its context: it either continues where it is or ends.
    private func rejectTransfer(
        to complete: CompleteTransfer, of original: Session, under policy: SessionPolicy,
        in transaction: inout SubjectTransaction
    ) throws(Stop) -> RejectionWithEffect? {
        var judged = original
        let brought = complete.context?.on(complete.device) ?? complete.device.map { ClientContext().on($0) }
        return try judge(brought, of: &judged, under: policy, isOtherDevice: true, in: &transaction).rejection
    }

    /// The context that the new session begins with. If rules compare places, the accepted place is kept when the new
    /// device does not state one. Otherwise leaving it out would evade those rules.
    private func place(
        of complete: CompleteTransfer, after original: Session, under policy: SessionPolicy, now: Timestamp
    ) -> (ClientContext?, placedAt: Timestamp?) {
        guard policy.context.looksAtPlace, let known = original.context?.whereabouts, known != ClientContext() else {
            return (complete.context, complete.context?.coordinates == nil ? nil : now)
        }
        let context = (complete.context ?? ClientContext()).over(known)
        if complete.context?.coordinates != nil { return (context, now) }
        return (context, context.coordinates == nil ? nil : original.placedAt ?? original.createdAt)
    }

    private func original(
        of reference: TokenReference, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> (Session, TransferTicket) {
        guard let token = reference.presented, token.kind == .ticket,
            let session = transaction.session(token.session, tenant: tenant)
        else { throw .rejected(.ticketInvalid, "this is not the ticket of any session") }
        // A session that was locked since has lost its ticket. Its former ticket learns why.
        if session.status == .locked { throw .rejected(.sessionLocked, "the session is locked") }
        guard let ticket = session.ticket, ticket.digest == token.digest, transaction.now < ticket.expiresAt else {
            throw .rejected(.ticketInvalid, "this ticket was used or replaced, or has expired")
        }
        return (session, ticket)
    }
}
