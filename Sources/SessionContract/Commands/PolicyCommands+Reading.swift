package import SessionCore

extension PutPolicy: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> PutPolicy {
        let name = try body.policyName()
        let policy = try body.nested("policy") { policy throws(Failure) in try PolicyReader.read(&policy) }
        return PutPolicy(name: name, policy: try body.required("policy", policy))
    }
}

extension GetPolicy: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> GetPolicy {
        GetPolicy(name: ExactText(try body.required("name", length: 1...64)))
    }
}

extension RemovePolicy: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> RemovePolicy {
        RemovePolicy(name: ExactText(try body.required("name", length: 1...64)))
    }
}

extension ListPolicies: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> ListPolicies {
        ListPolicies()
    }
}
