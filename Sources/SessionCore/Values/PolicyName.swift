/// What a policy that was put is called: a tenant's own name for it.
package struct PolicyName: Hashable, Sendable {
    package let tenant: String
    package let name: String

    package init(tenant: String, name: String) {
        self.tenant = tenant
        self.name = name
    }
}
