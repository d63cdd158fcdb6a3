import Logging

/// Checks that Redis keeps a subject's records in one block of memory (a listpack) rather than in a hash table, which
/// takes twice as much. Redis decides by the size of the largest record.
enum EncodingCheck {
    /// In bytes: larger than the sealed record of a session with ordinary device, context and attributes.
    private static let recommended = 1024

    /// Servers that hide their configuration are not reported: nobody could tell whether that would be right.
    static func result(on servers: [RedisDescription]) -> CheckResult {
        guard let value = servers.compactMap(\.listpackLimit).min(), value < recommended else {
            return .fine("Redis keeps sessions in little memory")
        }
        return .doubtful(
            "Redis takes more memory for a session than it needs: raise hash-max-listpack-value to \(recommended)",
            reason: "hash-max-listpack-value \(value)", level: .notice)
    }
}
