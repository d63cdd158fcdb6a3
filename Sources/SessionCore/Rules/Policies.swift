// The policies that tenants put for themselves (contract §3, §8).
extension SessionManager {
    /// Policies that a tenant may put, and all tenants together: they are held in memory by every worker.
    private static var maxPolicies: Int { 100 }
    private static var maxPoliciesOfAll: Int { 10_000 }

    func putPolicy(
        _ put: PutPolicy, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        let name = PolicyName(tenant: tenant, name: put.name)
        let known = transaction.aggregate.policies
        if known[name] == nil {
            guard known.keys.count(where: { $0.tenant == tenant }) < Self.maxPolicies else {
                throw .rejected(.limitReached, "\(Self.maxPolicies) of \(Self.maxPolicies) policies are in use")
            }
            guard known.count < Self.maxPoliciesOfAll else {
                throw .rejected(.limitReached, "the installation has no room for more policies")
            }
        }
        transaction.put(put.policy, as: name)
        return .granted(.policy(name: put.name, put.policy))
    }

    func getPolicy(
        _ name: ExactText, tenant: String, in transaction: SubjectTransaction
    ) throws(Stop) -> Decision {
        let catalogue = transaction.policies.with(put: transaction.aggregate.policies)
        guard let policy = catalogue[name, tenant: tenant] else {
            throw .rejected(.policyNotFound, "there is no policy of that name")
        }
        return .granted(.policy(name: name, policy))
    }

    /// Takes a policy away that the tenant put. The installation's of that name holds again, if there is one; sessions that
    /// live by one that is gone live by `default`.
    func removePolicy(
        _ name: ExactText, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        let own = PolicyName(tenant: tenant, name: name)
        guard transaction.aggregate.policies[own] != nil else {
            throw .rejected(.policyNotFound, "the tenant put no policy of that name")
        }
        transaction.put(nil, as: own)
        let left = transaction.policies.with(put: transaction.aggregate.policies)[name, tenant: tenant]
        return .granted(.policyRemoved(name: name, left))
    }

    func listPolicies(tenant: String, in transaction: SubjectTransaction) -> Decision {
        .granted(.policies(transaction.policies.with(put: transaction.aggregate.policies).all(of: tenant)))
    }
}
