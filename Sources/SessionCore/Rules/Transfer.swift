// Moving a session to another device (contract §3, `session.transfer.*`).
extension SessionManager {
    /// Makes a ticket, good once and for a short time. A new one takes the place of one before.
    func beginTransfer(
        _ begin: BeginTransfer, tenant: String, in transaction: inout SubjectTransaction
    ) throws -> Outcome {
        transaction.settleDeadlines()
        var session = try session(of: begin.token, tenant: tenant, in: transaction)
        let policy = transaction.policies.governing(session)
        try requireActive(session, under: policy, now: transaction.now)
        let ticket = tokens.issue(
            .ticket, for: session.id, generation: session.generation,
            entropy: transaction.makeEntropy(count: TokenDigest.length))
        let expiresAt = min(transaction.now.adding(seconds: policy.transferSeconds), session.expiresAt)
        session.ticket = TransferTicket(
            digest: ticket.digest, expiresAt: expiresAt, keepsOriginal: begin.keepOriginal)
        transaction.note(session)
        return .succeeded(.ticket(ticket.text, expiresAt: expiresAt))
    }

    /// Exchanges a ticket for a new session that has what the original had; the original ends, unless it is kept.
    func completeTransfer(
        _ complete: CompleteTransfer, tenant: String, in transaction: inout SubjectTransaction
    ) throws -> Outcome {
        transaction.settleDeadlines()
        let now = transaction.now
        let (original, ticket) = try original(of: complete.ticket, tenant: tenant, in: transaction)
        let policy = transaction.policies.governing(original)
        try requireActive(original, under: policy, now: now)
        try requireEnabled(transaction.aggregate.subject)

        if ticket.keepsOriginal {
            if let parent = transaction.parent(of: original) {
                try requirePlace(below: parent, height: 0, in: transaction)
            } else {
                let room = makeRoom(
                    for: original.subject, tenant: tenant, policy: original.policy, policy, sparing: original.id,
                    in: &transaction)
                guard case .available = room else { return .rejected(Rejection(.limitReached, room.refusal)) }
            }
        }
        var successor = Session(
            id: transaction.makeSessionID(), tenant: tenant, subject: original.subject, policy: original.policy,
            createdAt: now, idleSeconds: original.idleSeconds, expiresAt: original.expiresAt, actor: original.actor,
            status: .active, parentID: original.parentID, assurance: original.assurance,
            authenticatedAt: original.authenticatedAt, device: complete.device, context: complete.context,
            attributes: original.attributes, lastActiveAt: now, generation: 1,
            credentials: SessionCredentials(session: ticket.digest, refresh: nil, lineStart: 1),
            placedAt: complete.context?.coordinates == nil ? nil : now,
            // Those below stay behind it.
            line: ticket.keepsOriginal ? [] : transaction.keptLine(of: original))
        try transaction.requireRoom(for: successor)
        let issued = replaceTokens(of: &successor, under: policy, in: &transaction)
        transaction.put(successor)
        transaction.announce(.transferred, of: successor, detail: .previousSession(original.id))
        if ticket.keepsOriginal {
            var kept = original
            kept.ticket = nil
            transaction.note(kept)
        } else {
            transaction.move(transaction.children(of: original.id), from: original.id, to: successor.id)
            transaction.end(original, as: .revoked, reason: .transferred, event: .revoked)
        }
        return .succeeded(.issued(session: successor, tokens: issued))
    }

    private func original(
        of reference: TokenReference, tenant: String, in transaction: SubjectTransaction
    ) throws(Rejection) -> (Session, TransferTicket) {
        guard let token = reference.presented, token.kind == .ticket,
            let session = transaction.session(token.session, tenant: tenant)
        else { throw Rejection(.ticketInvalid, "this is no ticket of any session") }
        // Of a session that was locked since the ticket is gone; it is told why, since the ticket was its.
        if session.status == .locked { throw Rejection(.sessionLocked, "the session is locked") }
        guard let ticket = session.ticket, ticket.digest == token.digest, transaction.now < ticket.expiresAt else {
            throw Rejection(.ticketInvalid, "this ticket has been used or replaced, or has expired")
        }
        return (session, ticket)
    }
}
