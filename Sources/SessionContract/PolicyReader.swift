package import SessionCore

/// Parses policies. An absent key has its default, and an invalid key rejects everything (contract §8).
package enum PolicyReader {
    /// More in one file are a mistake: `policy.list` returns all of them in one result, a kilobyte each.
    private static let maxPolicies = 1000

    /// A policy file: a JSON object, policy name → policy.
    package static func readCatalogue(_ bytes: [UInt8]) throws(Failure) -> PolicyCatalogue {
        var reader = try ObjectReader(file: bytes)
        guard reader.keys.count <= maxPolicies else {
            throw Failure(.malformedMessage, "must have at most \(maxPolicies) policies")
        }
        var policies: [ExactText: SessionPolicy] = [:]
        for name in reader.keys {
            guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(\.isBase64URL) else {
                throw reader.failure(name, "a policy's name must be 1 to 64 letters, digits, _ and -")
            }
            policies[ExactText(name)] = try reader.nested(name) { reader throws(Failure) in try read(&reader) }
        }
        return PolicyCatalogue(policies)
    }

    /// A file with one policy.
    ///
    /// - Returns: the policy as it was written, and with its defaults.
    package static func readPolicy(_ bytes: [UInt8]) throws(Failure) -> (object: JSONObject, policy: SessionPolicy) {
        var reader = try ObjectReader(file: bytes)
        let policy = try read(&reader)
        try reader.finish()
        return (reader.object, policy)
    }

    package static func read(_ reader: inout ObjectReader) throws(Failure) -> SessionPolicy {
        var policy = SessionPolicy()
        try set(&policy.idleSeconds, "idleSeconds", from: &reader)
        try set(&policy.absoluteSeconds, "absoluteSeconds", from: &reader)
        try set(&policy.touchIntervalSeconds, "touchIntervalSeconds", from: &reader)
        try set(&policy.accessTokenSeconds, "accessTokenSeconds", from: &reader)
        try set(&policy.refreshSeconds, "refreshSeconds", from: &reader)
        try set(&policy.refreshGraceSeconds, "refreshGraceSeconds", in: 0...300, from: &reader)
        try set(&policy.maxSessions, "maxSessions", in: 0...1000, from: &reader)
        policy.onLimit = try reader.word("onLimit", as: SessionPolicy.LimitStrategy.self) ?? policy.onLimit
        policy.mfa = try reader.nested("mfa", readSecondFactor) ?? policy.mfa
        policy.context = try reader.nested("context", readContextRules) ?? policy.context
        try set(
            &policy.reauthenticationWindowSeconds, "reauthenticationWindowSeconds", in: 0...ObjectReader.maxSeconds,
            from: &reader)
        try set(&policy.transferSeconds, "transferSeconds", from: &reader)
        try set(&policy.maxDepth, "maxDepth", in: 0...32, from: &reader)
        try set(&policy.maxChildren, "maxChildren", in: 0...1000, from: &reader)
        try set(&policy.endedSeconds, "endedSeconds", from: &reader)
        guard policy.idleSeconds <= policy.absoluteSeconds else {
            throw reader.failure("idleSeconds", "must be at most absoluteSeconds, \(policy.absoluteSeconds)")
        }
        return policy
    }

    private static func readSecondFactor(
        _ reader: inout ObjectReader
    ) throws(Failure) -> SessionPolicy.SecondFactor {
        var mfa = SessionPolicy.SecondFactor()
        mfa.required = try reader.word("required", as: SessionPolicy.SecondFactor.Requirement.self) ?? mfa.required
        try set(&mfa.pendingSeconds, "pendingSeconds", from: &reader)
        try set(&mfa.maxAttempts, "maxAttempts", in: 1...1000, from: &reader)
        try set(&mfa.lockSeconds, "lockSeconds", from: &reader)
        try set(&mfa.validSeconds, "validSeconds", from: &reader)
        return mfa
    }

    private static func readContextRules(
        _ reader: inout ObjectReader
    ) throws(Failure) -> SessionPolicy.ContextRules {
        var rules = SessionPolicy.ContextRules()
        rules.ip = try reaction("ip", from: &reader)
        rules.network = try reaction("network", from: &reader)
        rules.country = try reaction("country", from: &reader)
        rules.asn = try reaction("asn", from: &reader)
        rules.userAgent = try reaction("userAgent", from: &reader)
        rules.fingerprint = try reaction("fingerprint", from: &reader)
        rules.travel = try reaction("travel", from: &reader)
        try set(&rules.maxTravelKmh, "maxTravelKmh", in: 1...1_000_000, from: &reader)
        rules.require = try reader.contextFields("require") ?? rules.require
        return rules
    }

    private static func reaction(
        _ key: String, from reader: inout ObjectReader
    ) throws(Failure) -> SessionPolicy.ContextRules.Reaction {
        try reader.word(key, as: SessionPolicy.ContextRules.Reaction.self) ?? .off
    }

    private static func set(
        _ field: inout Int, _ key: String, in range: ClosedRange<Int> = 1...ObjectReader.maxSeconds,
        from reader: inout ObjectReader
    ) throws(Failure) {
        field = try reader.integer(key, in: range) ?? field
    }
}

extension ObjectReader {
    /// A list of context fields without duplicates.
    fileprivate mutating func contextFields(_ key: String) throws(Failure) -> ContextFields? {
        let known = ContextField.allCases
        guard let value = value(key) else { return nil }
        guard case .array(let values) = value, values.count <= known.count else {
            throw failure(key, "must be a list of at most \(known.count) context fields")
        }
        var fields: [ContextField] = []
        for (index, value) in values.enumerated() {
            guard case .string(let text) = value, let field = ContextField(exactly: text), !fields.contains(field)
            else {
                throw Failure(
                    .invalidField,
                    "must be one of \(known.map(\.rawValue).joined(separator: ", ")), and each only once",
                    path: pointer(to: key) + "/\(index)")
            }
            fields.append(field)
        }
        return ContextFields(fields)
    }
}
