import LogMetadata
import Logging
import RedisNIO

/// Checks that Redis knows the commands that the store uses. An older one takes connections and scripts, and only then refuses
/// what matters: `SET` with `NX` and `GET`, since 7.0.
struct ServerVersionCheck: Sendable {
    private static let least = (major: 7, text: "7.0")

    let redis: RedisClient
    let logger: Logger

    /// - Throws: `ConfigurationError` if a server is too old; `RedisError` if it cannot be asked.
    func run(_ configuration: WorkerConfiguration) async throws {
        for master in try await redis.masters() {
            var pipeline = RedisPipeline()
            pipeline.command("INFO", "server")
            let reply = try await redis.send(pipeline, to: master).first
            guard let version = reply?.string.flatMap(Self.version) else {
                let reason = reply?.serverError.map { "INFO: \($0.code)" } ?? "INFO does not tell it"
                logger.warning(
                    "could not check the version of Redis: it must be \(Self.least.text) or later",
                    metadata: [LogKey.reason: "\(reason)"])
                continue
            }
            guard version.major < Self.least.major else { continue }
            throw ConfigurationError(
                .oldServer, configuration.name(of: .redisUrl), "is a Redis of version \(version.text)",
                remedy: "upgrade it to \(Self.least.text) or later, or use Valkey")
        }
    }

    /// The version from a reply to `INFO server`. Valkey tells that of the Redis that it is compatible with.
    static func version(in info: String) -> (major: Int, text: String)? {
        let field = "redis_version:"
        guard let line = info.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix(field) }) else {
            return nil
        }
        let text = line.dropFirst(field.count)
        guard text.utf8.count <= 32, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        return text.split(separator: ".").first.flatMap { Int($0) }.map { ($0, String(text)) }
    }
}
