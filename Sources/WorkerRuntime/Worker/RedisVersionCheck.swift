/// Checks that Redis knows the commands that the store uses. An older one takes connections and scripts, and only then refuses
/// what matters: `SET` with `NX` and `GET`, since 7.0.
enum RedisVersionCheck {
    private static let least = ServerVersion(major: 7, minor: 0)

    static func result(_ configuration: WorkerConfiguration, on redis: RedisDescription) -> CheckResult {
        guard let version = redis.version else {
            let reason = redis.refusals.isEmpty ? "INFO does not tell it" : redis.refusals.joined(separator: ", ")
            return .doubtful("could not check the version of Redis: it must be \(least) or later", reason: reason)
        }
        guard version.isOlder(than: least) else { return .fine("Redis has version \(version)") }
        return .wrong(
            ConfigurationError(
                .oldServer, configuration.name(of: .redisUrl), "is a Redis of version \(version)",
                remedy: "upgrade it to \(least) or later, or use Valkey"))
    }
}
