/// `policy.put`: set a policy of the tenant, replacing all its fields.
package struct PutPolicy: SentCommand {
    package static let traits = CommandTraits("policy.put", work: .admin, changesState: true)

    package var name: ExactText
    package var policy: SessionPolicy

    package init(name: ExactText, policy: SessionPolicy) {
        self.name = name
        self.policy = policy
    }

    package var about: CommandTarget { .policies }
    package var brings: Brought { Brought(policy: name) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.putPolicy(self, tenant: tenant, in: &transaction)
    }
}

/// `policy.get`: the policy in force under a name.
package struct GetPolicy: SentCommand {
    package static let traits = CommandTraits("policy.get", work: .admin, changesState: false)

    package var name: ExactText

    package init(name: ExactText) {
        self.name = name
    }

    package var about: CommandTarget { .policies }
    package var brings: Brought { Brought(policy: name) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.getPolicy(name, tenant: tenant, in: transaction)
    }
}

/// `policy.remove`: remove a policy set with `policy.put`.
package struct RemovePolicy: SentCommand {
    package static let traits = CommandTraits("policy.remove", work: .admin, changesState: true)

    package var name: ExactText

    package init(name: ExactText) {
        self.name = name
    }

    package var about: CommandTarget { .policies }
    package var brings: Brought { Brought(policy: name) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.removePolicy(name, tenant: tenant, in: &transaction)
    }
}

/// `policy.list`: all policies in force for a tenant.
package struct ListPolicies: SentCommand {
    package static let traits = CommandTraits("policy.list", work: .admin, changesState: false)

    package init() {}

    package var about: CommandTarget { .policies }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        manager.listPolicies(tenant: tenant, in: transaction)
    }
}
