import RedisNIO

/// What a Redis says of itself that matters before a worker uses it. Each is nil if the server does not tell: some users, and some
/// hosted servers, allow `INFO` but not `CONFIG`, or neither.
struct RedisDescription: Hashable, Sendable {
    /// Valkey tells that of the Redis that it is compatible with.
    var version: ServerVersion?
    /// Its `maxmemory-policy`.
    var evictionPolicy: String?
    /// Its `hash-max-listpack-value`, in bytes.
    var listpackLimit: Int?
    /// Whether each change goes into its append-only file (`aof_enabled`).
    var appendsToFile: Bool?
    /// Its `save`: when it writes snapshots; empty for never.
    var snapshots: String?
    /// Whether it could write the append-only file and the snapshot the last time.
    var writesToDisk: Bool?
    var connectedReplicas: Int?
    /// In bytes; a maximum of 0 is none.
    var usedMemory: Int?
    var maximumMemory: Int?
    /// The codes of the errors that it answered with.
    var refusals: [String] = []

    /// Asks every master, once each.
    ///
    /// - Throws: `RedisError` if one cannot be asked.
    static func ask(_ redis: RedisClient) async throws -> [RedisDescription] {
        var pipeline = RedisPipeline()
        // Before 7.0, INFO takes one section at most.
        pipeline.command("INFO")
        pipeline.command("CONFIG", "GET", "maxmemory-policy")
        pipeline.command("CONFIG", "GET", "hash-max-listpack-value")
        pipeline.command("CONFIG", "GET", "save")
        var descriptions: [RedisDescription] = []
        for master in try await redis.masters() {
            descriptions.append(RedisDescription(try await redis.send(pipeline, to: master)))
        }
        return descriptions
    }

    /// - Parameter replies: To `INFO`, then to `CONFIG GET` of each of the settings.
    init(_ replies: [RedisReply]) {
        let lines = (replies.first?.string ?? "").split(whereSeparator: \.isNewline)
        func field(_ name: String) -> Substring? {
            lines.first { $0.hasPrefix("\(name):") }?.dropFirst(name.utf8.count + 1)
        }
        func setting(_ place: Int) -> String? {
            guard replies.count > place, let entry = replies[place].array, entry.count == 2 else { return nil }
            return entry[1].string
        }
        version = field("redis_version").flatMap { ServerVersion($0) }
        evictionPolicy = (field("maxmemory_policy").map(String.init) ?? setting(1)).flatMap { policy in
            // It is shown.
            (1...32).contains(policy.utf8.count) && policy.utf8.allSatisfy { (0x21...0x7e).contains($0) } ? policy : nil
        }
        listpackLimit = setting(2).flatMap { Int($0) }
        snapshots = setting(3)
        appendsToFile = field("aof_enabled").map { $0 == "1" }
        let outcomes = ["aof_last_write_status", "rdb_last_bgsave_status"].compactMap { field($0) }
        writesToDisk = outcomes.isEmpty ? nil : outcomes.allSatisfy { $0 == "ok" }
        connectedReplicas = field("connected_slaves").flatMap { Int($0) }
        usedMemory = field("used_memory").flatMap { Int($0) }
        maximumMemory = field("maxmemory").flatMap { Int($0) }
        refusals = replies.compactMap { $0.serverError.map { String($0.code) } }
    }
}
