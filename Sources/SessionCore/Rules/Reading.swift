// Reading, which counts as no activity and writes nothing (contract §3).
extension SessionManager {
    func get(
        _ target: SessionTarget, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> Decision {
        .granted(.session(try session(target, tenant: tenant, in: transaction.settled)))
    }

    func list(_ list: ListSessions, in transaction: SubjectTransaction) -> Decision {
        let settled = transaction.settled
        var wanted = settled.aggregate.sessions.values.filter { list.includeEnded || $0.status.isLiving }
            .map { (session: $0, place: settled.place(of: $0)) }
        if let after = list.after { wanted.removeAll { $0.place <= after } }
        wanted.sort { $0.place < $1.place }
        let page = SessionPage(
            Array(wanted.prefix(list.limit)), isLast: wanted.count <= list.limit,
            handle: transaction.aggregate.handle, tokens: tokens)
        return .granted(.sessions(page))
    }

    func activity(
        _ activity: ReadActivity, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> Decision {
        let session = try session(activity.session, tenant: tenant, in: transaction.settled)
        return .granted(.activity(Array((transaction.activity[session.id] ?? []).prefix(activity.limit))))
    }
}
