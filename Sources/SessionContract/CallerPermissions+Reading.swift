package import SessionCore

/// The callers file: `{"<caller>": ["<pattern>", …], "<caller>": {"commands": ["<pattern>", …], "tenants": ["<tenant>", …],
/// "replyTo": ["<pattern>", …]}}`.
extension CallerPermissions {
    private static let maxCallers = 1000
    private static let maxPatterns = 100
    private static let maxTenants = 1000
    /// The longest `user_id`, in bytes (AMQP 0-9-1, shortstr).
    private static let maxCallerBytes = 255

    /// Parses a callers file. A mistake anywhere rejects the whole file.
    ///
    /// - Throws: `Failure`, with the JSON Pointer of what is wrong.
    package static func read(_ bytes: [UInt8]) throws(Failure) -> CallerPermissions {
        var reader = try ObjectReader(file: bytes)
        guard reader.keys.count <= maxCallers else {
            throw Failure(.malformedMessage, "must have at most \(maxCallers) callers")
        }
        var grants: [ExactText: Grant] = [:]
        for caller in reader.keys {
            guard (1...maxCallerBytes).contains(caller.utf8.count) else {
                throw reader.failure(caller, "a caller's name must be 1 to \(maxCallerBytes) bytes")
            }
            grants[ExactText(caller)] = try grant(of: caller, from: &reader)
        }
        return CallerPermissions(grants)
    }

    private static func grant(of caller: String, from reader: inout ObjectReader) throws(Failure) -> Grant {
        switch reader.value(caller) {
        case .array: return Grant(commands: try commands(caller, from: &reader), tenants: nil, replyTo: nil)
        case .object:
            let grant = try reader.nested(caller) { reader throws(Failure) in
                guard reader.value("commands") != nil else { throw reader.missing("commands") }
                return Grant(
                    commands: try commands("commands", from: &reader), tenants: try tenants("tenants", from: &reader),
                    replyTo: reader.value("replyTo") == nil ? nil : try patterns("replyTo", from: &reader))
            }
            guard let grant else { preconditionFailure("the value is known to be an object") }
            return grant
        case nil, .null, .bool, .integer, .decimal, .string:
            throw reader.failure(caller, "must be a list of patterns, or an object with commands, tenants and replyTo")
        }
    }

    /// Patterns that must match a command each. One that matches none is misspelt, and would silently forbid what it
    /// was meant to permit.
    private static func commands(_ key: String, from reader: inout ObjectReader) throws(Failure) -> [TopicPattern] {
        let names = CommandName.all.map(\.rawValue)
        let patterns = try patterns(key, from: &reader)
        for (index, pattern) in patterns.enumerated() where !names.contains(where: pattern.matches) {
            throw Failure(
                .invalidField, "matches no command\(NearestName.question(for: pattern.text, among: names))",
                path: reader.pointer(to: key) + "/\(index)")
        }
        return patterns
    }

    private static func patterns(_ key: String, from reader: inout ObjectReader) throws(Failure) -> [TopicPattern] {
        var patterns: [TopicPattern] = []
        for (index, text) in try reader.strings(key, count: 0...maxPatterns).enumerated() {
            guard let pattern = TopicPattern(text) else {
                throw Failure(
                    .invalidField,
                    "must be a pattern such as session.* or #: words of letters, digits, _ and -, "
                        + "where * and # stand for whole words",
                    path: reader.pointer(to: key) + "/\(index)")
            }
            patterns.append(pattern)
        }
        return patterns
    }

    private static func tenants(_ key: String, from reader: inout ObjectReader) throws(Failure) -> Set<String>? {
        guard reader.value(key) != nil else { return nil }
        let names = try reader.strings(key, count: 1...maxTenants)
        for (index, name) in names.enumerated() {
            guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(\.isBase64URL) else {
                throw Failure(
                    .invalidField, "a tenant's name must be 1 to 64 letters, digits, _ and -",
                    path: reader.pointer(to: key) + "/\(index)")
            }
        }
        return Set(names)
    }
}

extension ObjectReader {
    /// A list of strings, with bounds on their number.
    fileprivate mutating func strings(_ key: String, count: ClosedRange<Int>) throws(Failure) -> [String] {
        guard case .array(let values) = value(key), count.contains(values.count) else {
            throw failure(key, "must be a list of \(count.lowerBound) to \(count.upperBound) strings")
        }
        var strings: [String] = []
        for (index, value) in values.enumerated() {
            guard case .string(let text) = value else {
                throw Failure(.invalidField, "must be a string", path: pointer(to: key) + "/\(index)")
            }
            strings.append(text)
        }
        return strings
    }
}
