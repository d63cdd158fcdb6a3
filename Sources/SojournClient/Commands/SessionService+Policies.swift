extension SessionService {
    /// Puts a policy for a tenant (`policy.put`). It is in force on every worker within a second, for living sessions too.
    ///
    /// - Returns: the policy now in force.
    @discardableResult
    public func putPolicy(
        _ policy: Policy, named name: String, options: CommandOptions = CommandOptions()
    ) async throws -> Policy {
        try await result(of: "policy.put", ["name": name, "policy": policy], options, as: NamedPolicy.self).policy
    }

    /// The policy in force under a name (`policy.get`).
    ///
    /// - Throws: ``SojournError``: `policyNotFound`.
    public func policy(named name: String, options: CommandOptions = CommandOptions()) async throws -> Policy {
        try await result(of: "policy.get", ["name": name], options, as: NamedPolicy.self).policy
    }

    /// Removes a policy that was put for a tenant (`policy.remove`).
    ///
    /// - Returns: the policy that is in force under this name now, if any: that of the policy file.
    @discardableResult
    public func removePolicy(named name: String, options: CommandOptions = CommandOptions()) async throws -> Policy? {
        try await result(of: "policy.remove", ["name": name], options, as: PolicyData.self).policy
    }

    /// The policies in force for a tenant, by name (`policy.list`).
    public func policies(options: CommandOptions = CommandOptions()) async throws -> [NamedPolicy] {
        try await result(of: "policy.list", [:], options, as: PoliciesData.self).policies
    }
}
