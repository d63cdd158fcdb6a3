extension SessionManager {
    /// A deadline in the index has come: ends what has run out, forgets what has been over for long enough, and puts
    /// the deadline right for a session that was active meanwhile.
    func expire(_ id: SessionID, in transaction: inout SubjectTransaction) -> Decision {
        transaction.settleDeadlines()
        transaction.reschedule(id)
        return .granted(.expired)
    }
}
