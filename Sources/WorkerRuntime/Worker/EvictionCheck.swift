/// Checks that Redis does not evict keys when its memory is full: sessions, revocations and inbox entries would vanish
/// without a trace, and break every promise.
enum EvictionCheck {
    private static let harmless = "noeviction"

    static func result(_ configuration: WorkerConfiguration, on redis: RedisDescription) -> CheckResult {
        guard let policy = redis.evictionPolicy else {
            return .doubtful(
                "could not check whether Redis evicts keys: its maxmemory-policy must be noeviction",
                reason: "INFO and CONFIG GET: \(redis.refusals.joined(separator: ", "))")
        }
        if policy == harmless { return .fine("Redis evicts no keys") }
        guard configuration.allowEviction else {
            return .wrong(
                ConfigurationError(
                    .evictingRedis, configuration.name(of: .redisUrl),
                    "is a Redis that evicts keys (maxmemory-policy \(policy))",
                    remedy:
                        "set maxmemory-policy \(harmless) there, or set \(configuration.name(of: .allowEviction)) to "
                        + "true to start anyway, and risk losing sessions and revocations"))
        }
        return .doubtful(
            "Redis evicts keys, as the configuration allows: sessions and revocations may be lost",
            reason: "maxmemory-policy \(policy)")
    }
}
