/// What a Redis says of itself, judged.
struct RedisFindings {
    private static let restart = "and the same in redis.conf"

    private let configuration: WorkerConfiguration
    private let redis: RedisDescription

    init(_ configuration: WorkerConfiguration, _ redis: RedisDescription) {
        self.configuration = configuration
        self.redis = redis
    }

    var all: [Finding] {
        [
            Finding(
                "redis.version", RedisVersionCheck.result(configuration, on: redis),
                mend: "upgrade Redis, or use Valkey"),
            Finding(
                "redis.eviction", EvictionCheck.result(configuration, on: redis),
                mend: "redis-cli config set maxmemory-policy noeviction; \(Self.restart)"),
            persistence, memory, replicas,
        ].compactMap(\.self)
    }

    private var persistence: Finding {
        let check = "redis.persistence"
        let mend = "redis-cli config set appendonly yes; \(Self.restart), with appendfsync always or everysec"
        if redis.writesToDisk == false {
            return .problem(check, "Redis cannot write to its disk", mend: "df -h; its log says why")
        }
        switch (redis.appendsToFile, redis.snapshots) {
        case (true?, _): return .ok(check, "Redis keeps its data in an append-only file")
        case (nil, _): return .warning(check, "Redis does not tell whether it keeps its data on disk", mend: mend)
        case (false?, ""?):
            return .problem(
                check, "Redis keeps nothing on disk: a restart loses all sessions, and revocations", mend: mend)
        case (false?, _):
            return .warning(
                check, "Redis only writes snapshots: a crash loses what has changed since, revocations as well",
                mend: mend)
        }
    }

    /// From 90 % on: at 100 % Redis refuses every write.
    private var memory: Finding? {
        guard let used = redis.usedMemory, let maximum = redis.maximumMemory, maximum > 0 else { return nil }
        let percent = Int(max(0, min(999, Double(used) / Double(maximum) * 100)))
        guard percent >= 90 else { return .ok("redis.memory", "\(percent) % of maxmemory are used") }
        return .warning(
            "redis.memory", "\(percent) % of maxmemory are used; when it is full, nothing can begin or be revoked",
            mend: "redis-cli config set maxmemory BYTES; \(Self.restart)")
    }

    private var replicas: Finding? {
        let needed = configuration.redisReplicas
        guard let connected = redis.connectedReplicas, needed > 0 || connected > 0 else { return nil }
        let has = "Redis has \(connected) replica\(connected == 1 ? "" : "s")"
        if connected < needed {
            return .problem(
                "redis.replicas",
                "\(has), and \(configuration.name(of: .redisReplicas)) is \(needed): no change is acknowledged",
                mend: "start the replicas, or lower \(configuration.name(of: .redisReplicas))")
        }
        if needed == 0 {
            return .warning(
                "redis.replicas", "\(has), and no change waits for one: a fail-over may lose the latest",
                mend: "set SOJOURN_REDIS_REPLICAS to 1")
        }
        return .ok("redis.replicas", "\(has), and \(needed) must have a change")
    }
}
