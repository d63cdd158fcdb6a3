// Ending a tenant's sessions by the thousand (contract §3, `session.revoke` with `all`).
extension SessionManager {
    /// Puts a mass revocation in force. Nothing else happens here, however many sessions it concerns: from its commit on
    /// each is over for whoever looks, and the sweep ends them one by one, each with its event.
    func revokeAll(
        _ narrowing: MassRevocation.Narrowing, because reason: EndReason, tenant: String,
        in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        var standing = transaction.aggregate.revocations
        let earliest = standing.latest.map { Timestamp(milliseconds: $0.milliseconds + 1) }
        let revocation = MassRevocation(
            tenant: tenant, at: max(transaction.now, earliest ?? transaction.now), reason: reason,
            narrowing: narrowing, traceparent: transaction.traceparent)
        guard standing.add(revocation) else {
            throw .failed(
                .unavailable, "as many mass revocations as there may be are still being carried out; nothing happened")
        }
        transaction.put(standing)
        return .granted(.massRevocation(count: 0))
    }

    /// The sweep's own: ends what standing mass revocations concern among one subject's sessions, and what has run out.
    func carryOutRevocations(in transaction: inout SubjectTransaction) -> Decision {
        transaction.settleDeadlines()
        return .granted(.expired)
    }

    /// The sweep's own: every session that these concerned has ended.
    func forgetRevocations(until moment: Timestamp, in transaction: inout SubjectTransaction) -> Decision {
        var standing = transaction.aggregate.revocations
        standing.remove(until: moment)
        if standing != transaction.aggregate.revocations { transaction.put(standing) }
        return .granted(.expired)
    }
}

extension TokenScheme {
    /// Where the standing mass revocations lie: an aggregate like a subject's, of a tenant that nobody can be.
    package var revocationsHandle: SubjectHandle {
        handle(tenant: "", subject: "revocations")
    }
}
