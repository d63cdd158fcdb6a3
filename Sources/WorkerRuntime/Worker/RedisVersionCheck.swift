import LogMetadata
import Logging

/// Checks that Redis knows the commands that the store uses. An older one takes connections and scripts, and only then refuses
/// what matters: `SET` with `NX` and `GET`, since 7.0.
struct RedisVersionCheck: Sendable {
    private static let least = ServerVersion(major: 7, minor: 0)

    let logger: Logger

    /// - Throws: `ConfigurationError` if the server is too old.
    func run(_ configuration: WorkerConfiguration, on redis: RedisDescription) throws {
        guard let version = redis.version else {
            let reason = redis.refusals.isEmpty ? "INFO does not tell it" : redis.refusals.joined(separator: ", ")
            logger.warning(
                "could not check the version of Redis: it must be \(Self.least) or later",
                metadata: [LogKey.reason: "\(reason)"])
            return
        }
        guard version.isOlder(than: Self.least) else { return }
        throw ConfigurationError(
            .oldServer, configuration.name(of: .redisUrl), "is a Redis of version \(version)",
            remedy: "upgrade it to \(Self.least) or later, or use Valkey")
    }
}
