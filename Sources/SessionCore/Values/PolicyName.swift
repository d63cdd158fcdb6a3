/// The name of a policy that a tenant set for itself.
package struct PolicyName: Hashable, Sendable {
    package let tenant: String
    package let name: ExactText

    package init(tenant: String, name: ExactText) {
        self.tenant = tenant
        self.name = name
    }
}
