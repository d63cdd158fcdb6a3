// Looking, which is no activity and leaves nothing behind (contract §3).
extension SessionManager {
    func get(
        _ target: SessionTarget, tenant: String, in transaction: SubjectTransaction
    ) throws(Rejection) -> Outcome {
        .succeeded(.session(try session(target, tenant: tenant, in: transaction.settled)))
    }

    func list(_ list: ListSessions, in transaction: SubjectTransaction) -> Outcome {
        let settled = transaction.settled
        return .succeeded(.sessions(parentsFirst(list.includeEnded ? settled.all : settled.living)))
    }

    func activity(
        _ activity: ReadActivity, tenant: String, in transaction: SubjectTransaction
    ) throws(Rejection) -> Outcome {
        let session = try session(activity.session, tenant: tenant, in: transaction.settled)
        return .succeeded(.activity(Array((transaction.activity[session.id] ?? []).prefix(activity.limit))))
    }
}
