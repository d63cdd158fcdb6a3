/// `policy.put`: a policy of the tenant's own, whole.
package struct PutPolicy: Sendable {
    package var name: String
    package var policy: SessionPolicy

    package init(name: String, policy: SessionPolicy) {
        self.name = name
        self.policy = policy
    }
}
