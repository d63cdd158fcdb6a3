import Logging
import RedisConnection

/// Whether Redis throws away what it keeps when its memory is full: a session, a revocation and the memory of a message
/// would vanish without a trace, and with them every promise.
struct EvictionCheck: Sendable {
    private static let harmless = "noeviction"

    let redis: RedisClient
    let logger: Logger

    /// - Throws: `ConfigurationError` if it does and may not; `RedisError` where it cannot be asked.
    func run(_ configuration: WorkerConfiguration) async throws {
        var pipeline = RedisPipeline()
        // INFO is open to users, and on hosted servers, where CONFIG is not.
        pipeline.command("INFO", "memory")
        pipeline.command("CONFIG", "GET", "maxmemory-policy")
        let replies = try await redis.send(pipeline)
        guard let policy = Self.policy(replies) else {
            let refusals = replies.compactMap { $0.serverError.map { String($0.code) } }
            logger.warning(
                "whether Redis evicts could not be checked: its maxmemory-policy must be noeviction",
                metadata: [LogKey.reason: "INFO and CONFIG GET: \(refusals.joined(separator: ", "))"])
            return
        }
        if policy == Self.harmless { return }
        guard configuration.allowEviction else {
            throw ConfigurationError(
                .evictingRedis, configuration.name(of: .redisUrl),
                "is a Redis that evicts what it keeps (maxmemory-policy \(policy))",
                remedy:
                    "set maxmemory-policy \(Self.harmless) there; where \(configuration.name(of: .allowEviction)) is "
                    + "true the worker starts all the same, and sessions and revocations may vanish")
        }
        logger.warning(
            "Redis evicts what it keeps, and is allowed to: sessions and revocations may vanish",
            metadata: [LogKey.reason: "maxmemory-policy \(policy)"])
    }

    /// What the replies to `INFO memory` and `CONFIG GET` say; `nil` where neither does.
    static func policy(_ replies: [RedisReply]) -> String? {
        let field = "maxmemory_policy:"
        for line in (replies.first?.string ?? "").split(whereSeparator: \.isNewline) where line.hasPrefix(field) {
            return String(line.dropFirst(field.count))
        }
        guard replies.count > 1, let entry = replies[1].array, entry.count == 2 else { return nil }
        return entry[1].string
    }
}
