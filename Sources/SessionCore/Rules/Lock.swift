// Suspending and resuming sessions (contract §3).
extension SessionManager {
    /// Locks one session, or all of a subject, with everything below. Sessions that are locked already or have ended
    /// stay as they are.
    func lock(
        _ lock: LockSessions, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        transaction.settleDeadlines()
        let reason = lock.reason?.word ?? "locked"
        var locked: [SessionID] = []
        for id in try targets(of: lock.target, tenant: tenant, in: transaction) {
            guard let session = transaction.aggregate.sessions[id] else { continue }
            locked += transaction.lock(session, reason: reason)
        }
        return .granted(.switched(locked))
    }

    /// Unlocks one session, or all of a subject, with everything that was locked together with them.
    func unlock(
        _ unlock: UnlockSessions, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        transaction.settleDeadlines()
        let reason = unlock.reason?.word ?? "unlocked"
        var unlocked: [SessionID] = []
        for id in try targets(of: unlock.target, tenant: tenant, in: transaction) {
            // It may just have been unlocked with its parent.
            guard let session = transaction.aggregate.sessions[id], session.status == .locked else { continue }
            // Below a locked session it stays locked, and will be unlocked with that session.
            if transaction.ancestors(of: session).contains(where: { isLocked($0, in: transaction) }) { continue }
            unlocked += transaction.unlock(session, reason: reason)
        }
        return .granted(.switched(unlocked))
    }

    private func isLocked(_ id: SessionID, in transaction: SubjectTransaction) -> Bool {
        transaction.aggregate.sessions[id]?.status == .locked
    }

    private func targets(
        of target: LockSessions.Target, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> [SessionID] {
        switch target {
        case .session(let id):
            let session = try session(id, tenant: tenant, in: transaction)
            return session.status.isLiving ? [session.id] : []
        case .subject: return parentsFirst(transaction.living).map { $0.id }
        }
    }
}
