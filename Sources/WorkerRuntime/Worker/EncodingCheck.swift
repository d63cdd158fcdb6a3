import LogMetadata
import Logging

/// Checks that Redis keeps a subject's records in one block of memory (a listpack) rather than in a hash table, which
/// takes twice as much. Redis decides by the size of the largest record.
struct EncodingCheck: Sendable {
    /// In bytes: larger than the sealed record of a session with ordinary device, context and attributes.
    private static let recommended = 1024

    let logger: Logger

    /// Logs if a server has a lower value. Servers that hide their configuration are not reported: nobody could tell
    /// whether that would be right.
    func run(on servers: [RedisDescription]) {
        guard let value = servers.compactMap(\.listpackLimit).min(), value < Self.recommended else { return }
        logger.notice(
            "Redis takes more memory for a session than it needs: raise hash-max-listpack-value to \(Self.recommended)",
            metadata: [LogKey.reason: "hash-max-listpack-value \(value)"])
    }
}
