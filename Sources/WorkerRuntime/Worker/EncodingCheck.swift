import LogMetadata
import Logging
import RedisNIO

/// Checks that Redis keeps a subject's records in one block of memory (a listpack) rather than in a hash table, which
/// takes twice as much. Redis decides by the size of the largest record.
struct EncodingCheck: Sendable {
    private static let setting = "hash-max-listpack-value"
    /// In bytes: larger than the sealed record of a session with ordinary device, context and attributes.
    private static let recommended = 1024

    let redis: RedisClient
    let logger: Logger

    /// Logs if the server has a lower value. Servers that hide their configuration are not reported: nobody could tell
    /// whether that would be right.
    ///
    /// - Throws: `RedisError` if Redis cannot be asked.
    func run() async throws {
        var pipeline = RedisPipeline()
        pipeline.command("CONFIG", "GET", .string(Self.setting))
        var values: [Int] = []
        for master in try await redis.masters() {
            if let value = Self.value(try await redis.send(pipeline, to: master)) { values.append(value) }
        }
        guard let value = values.min(), value < Self.recommended else { return }
        logger.notice(
            "Redis takes more memory for a session than it needs: raise \(Self.setting) to \(Self.recommended)",
            metadata: [LogKey.reason: "\(Self.setting) \(value)"])
    }

    /// The value from the reply to `CONFIG GET`; `nil` if there is none.
    static func value(_ replies: [RedisReply]) -> Int? {
        guard let entry = replies.first?.array, entry.count == 2 else { return nil }
        return entry[1].string.flatMap { Int($0) }
    }
}
