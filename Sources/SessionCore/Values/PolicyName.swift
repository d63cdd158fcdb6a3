/// What a policy that was put is called: a tenant's own name for it.
package struct PolicyName: Hashable, Sendable {
    package let tenant: String
    package let name: ExactText

    package init(tenant: String, name: ExactText) {
        self.tenant = tenant
        self.name = name
    }
}
