extension SessionManager {
    /// A deadline in the index has passed. Ends sessions that have run out, forgets those that ended long enough ago,
    /// and corrects the deadline of a session that has been active since.
    func expire(_ id: SessionID, in transaction: inout SubjectTransaction) -> Decision {
        transaction.settleDeadlines()
        transaction.reschedule(id)
        return .granted(.expired)
    }
}
