import LogMetadata
import Logging
import RedisNIO
import SessionEngine

/// Checks that Redis does not evict keys when its memory is full: sessions, revocations and inbox entries would vanish
/// without a trace, and break every promise.
struct EvictionCheck: Sendable {
    private static let harmless = "noeviction"

    let redis: RedisClient
    let logger: Logger

    /// - Throws: `ConfigurationError` if Redis evicts and the configuration does not allow it; `RedisError` if it
    ///   cannot be asked.
    func run(_ configuration: WorkerConfiguration) async throws {
        for master in try await redis.masters() { try await run(configuration, master) }
    }

    private func run(_ configuration: WorkerConfiguration, _ master: RedisEndpoint) async throws {
        var pipeline = RedisPipeline()
        // Some users, and some hosted servers, allow INFO but not CONFIG.
        pipeline.command("INFO", "memory")
        pipeline.command("CONFIG", "GET", "maxmemory-policy")
        let replies = try await redis.send(pipeline, to: master)
        guard let policy = Self.policy(replies) else {
            let refusals = replies.compactMap { $0.serverError.map { String($0.code) } }
            logger.warning(
                "could not check whether Redis evicts keys: its maxmemory-policy must be noeviction",
                metadata: [LogKey.reason: "INFO and CONFIG GET: \(refusals.joined(separator: ", "))"])
            return
        }
        if policy == Self.harmless { return }
        guard configuration.allowEviction else {
            throw ConfigurationError(
                .evictingRedis, configuration.name(of: .redisUrl),
                "is a Redis that evicts keys (maxmemory-policy \(policy))",
                remedy:
                    "set maxmemory-policy \(Self.harmless) there, or set \(configuration.name(of: .allowEviction)) to "
                    + "true to start anyway, and risk losing sessions and revocations")
        }
        logger.warning(
            "Redis evicts keys, as the configuration allows: sessions and revocations may be lost",
            metadata: [LogKey.reason: "maxmemory-policy \(policy)"])
    }

    /// The policy from the replies to `INFO memory` and `CONFIG GET`; `nil` if neither contains it.
    static func policy(_ replies: [RedisReply]) -> String? {
        let field = "maxmemory_policy:"
        for line in (replies.first?.string ?? "").split(whereSeparator: \.isNewline) where line.hasPrefix(field) {
            return String(line.dropFirst(field.count))
        }
        guard replies.count > 1, let entry = replies[1].array, entry.count == 2 else { return nil }
        return entry[1].string
    }
}
