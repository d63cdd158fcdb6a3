/// `policy.put`: a policy of the tenant's own, whole.
package struct PutPolicy: Sendable {
    package var name: ExactText
    package var policy: SessionPolicy

    package init(name: ExactText, policy: SessionPolicy) {
        self.name = name
        self.policy = policy
    }
}
