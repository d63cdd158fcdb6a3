// Ending many of a tenant's sessions at once (contract §3, `session.revoke` with `all`).
extension SessionManager {
    /// Puts a mass revocation into force. That is all, however many sessions it affects: from its commit on, every
    /// reader treats them as ended, and the sweep ends them one by one, each with its event.
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
                .unavailable, "the limit of active mass revocations is reached; nothing happened")
        }
        transaction.put(standing)
        return .granted(.massRevocation(count: 0))
    }

    /// For the sweep: ends one subject's sessions that active mass revocations affect or that have expired.
    func carryOutRevocations(in transaction: inout SubjectTransaction) -> Decision {
        transaction.settleDeadlines()
        return .granted(.expired)
    }

    /// For the sweep: every session that these revocations affect has ended.
    func forgetRevocations(until moment: Timestamp, in transaction: inout SubjectTransaction) -> Decision {
        var standing = transaction.aggregate.revocations
        standing.remove(until: moment)
        if standing != transaction.aggregate.revocations { transaction.put(standing) }
        return .granted(.expired)
    }
}

extension TokenScheme {
    /// The handle of the active mass revocations: an aggregate like a subject's, under a tenant name that cannot exist.
    package var revocationsHandle: SubjectHandle {
        handle(tenant: "", subject: "revocations")
    }
}
