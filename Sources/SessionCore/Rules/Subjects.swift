// Disabling and enabling subjects (contract §3).
extension SessionManager {
    /// Ends all sessions of a subject for good, and prevents new ones until it is enabled. The subject need not be
    /// known yet.
    func disable(
        _ disable: DisableSubject, tenant: String, in transaction: inout SubjectTransaction
    ) -> Decision {
        transaction.settleDeadlines()
        if transaction.aggregate.subject?.isDisabled != true {
            transaction.changeSubject(tenant: tenant, name: disable.subject) { $0.isDisabled = true }
            transaction.announce(
                .subjectDisabled, tenant: tenant, subject: disable.subject, reason: disable.reason?.word ?? "disabled")
        }
        var revoked: [SessionID] = []
        for session in parentsFirst(transaction.all) {
            revoked += transaction.revoke(session.id, because: .subjectDisabled)
        }
        return .granted(.disabled(revoked))
    }

    func enable(
        _ enable: EnableSubject, tenant: String, in transaction: inout SubjectTransaction
    ) -> Decision {
        if transaction.aggregate.subject?.isDisabled == true {
            transaction.changeSubject(tenant: tenant, name: enable.subject) { $0.isDisabled = false }
            transaction.announce(
                .subjectEnabled, tenant: tenant, subject: enable.subject, reason: enable.reason?.word ?? "enabled")
        }
        return .granted(.disabled([]))
    }
}
