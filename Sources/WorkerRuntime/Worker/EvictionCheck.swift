import LogMetadata
import Logging

/// Checks that Redis does not evict keys when its memory is full: sessions, revocations and inbox entries would vanish
/// without a trace, and break every promise.
struct EvictionCheck: Sendable {
    private static let harmless = "noeviction"

    let logger: Logger

    /// - Throws: `ConfigurationError` if Redis evicts and the configuration does not allow it.
    func run(_ configuration: WorkerConfiguration, on redis: RedisDescription) throws {
        guard let policy = redis.evictionPolicy else {
            logger.warning(
                "could not check whether Redis evicts keys: its maxmemory-policy must be noeviction",
                metadata: [LogKey.reason: "INFO and CONFIG GET: \(redis.refusals.joined(separator: ", "))"])
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
}
