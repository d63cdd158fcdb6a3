// Policies that tenants set for themselves (contract §3, §8).
extension SessionManager {
    /// Policies per tenant, and for all tenants together: every worker keeps all of them in memory.
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
                throw .rejected(.limitReached, "the installation cannot store more policies")
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
            throw .rejected(.policyNotFound, "there is no policy with that name")
        }
        return .granted(.policy(name: name, policy))
    }

    /// Removes a policy that the tenant set. An installation's policy with the same name takes effect again; without
    /// one, sessions under the removed policy follow `default`.
    func removePolicy(
        _ name: ExactText, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        let own = PolicyName(tenant: tenant, name: name)
        guard transaction.aggregate.policies[own] != nil else {
            throw .rejected(.policyNotFound, "the tenant has set no policy with that name")
        }
        transaction.put(nil, as: own)
        let left = transaction.policies.with(put: transaction.aggregate.policies)[name, tenant: tenant]
        return .granted(.policyRemoved(name: name, left))
    }

    func listPolicies(tenant: String, in transaction: SubjectTransaction) -> Decision {
        .granted(.policies(transaction.policies.with(put: transaction.aggregate.policies).all(of: tenant)))
    }
}
