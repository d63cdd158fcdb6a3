import Metrics
package import RedisNIO
import SessionContract
import SessionCore
package import SessionCrypto

/// The store in Redis: one pipeline loads a batch, one commits it. Every record is sealed and bound to its place.
package struct RedisSessionStore: SessionStore {
    /// The scripts that every connection must have loaded.
    package static let scripts = [commitScript, releaseScript, resealScript]
    /// A probe, run on each new connection of a worker: checks that Redis permits every command the store uses.
    package static func probe(in namespace: String) -> RedisProbe {
        let keys = KeySpace(namespace: namespace)
        return RedisProbe(
            script: RedisScript(name: "probe", source: PackageResources.probe_lua),
            keySets: Partition.all.map(keys.probes),
            arguments: [.string(keys.keyring)], keysDescription: "the keys \(namespace):*")
    }

    static let commitScript = RedisScript(name: "commit", source: PackageResources.commit_lua)
    static let releaseScript = RedisScript(name: "release", source: PackageResources.release_lua)
    static let resealScript = RedisScript(name: "reseal", source: PackageResources.reseal_lua)

    let redis: RedisClient
    let keys: KeySpace
    let seal: RecordSeal
    /// How long a message's result is kept for its duplicates, in milliseconds.
    let inboxMilliseconds: Int64

    let recent = RecentSessions()
    let recentRevocations = RecentRevocations()
    /// The key that holds the mass revocations in force.
    let revocationsKey: String
    private let keyringFingerprint: String
    private let hash: KeyedHash
    private let roundTrip = Recorder(label: "sojourn_redis_round_trip_seconds")
    private let failures = Counter(label: "sojourn_redis_failures_total")
    /// Rereads the keyring at once.
    let refreshKeys: @Sendable () async -> Void

    /// - Parameter refreshKeys: called for a record sealed with an unknown key, before the record counts as damaged.
    ///   Returns once `sealers` has the newest keys, or after a short limit.
    package init(
        redis: RedisClient, namespace: String, sealers: SealerSource, inboxSeconds: Int, keyring: Keyring,
        refreshKeys: @escaping @Sendable () async -> Void = {}
    ) {
        keyringFingerprint = keyring.fingerprint(in: namespace)
        hash = KeyedHash(keyring: keyring, namespace: namespace)
        self.redis = redis
        self.refreshKeys = refreshKeys
        keys = KeySpace(namespace: namespace)
        revocationsKey = keys.aggregate(TokenCodec(keyring: keyring, namespace: namespace).revocationsHandle)
        seal = RecordSeal(sealers: sealers)
        inboxMilliseconds = Int64(inboxSeconds) * 1000
    }

    /// Whether the namespace is used with this store's keyring; claims an unused namespace for it. A worker with
    /// another root would derive other handles for the same subjects, silently breaking every limit and promise.
    package func isKeyringTheirs() async throws(StoreError) -> Bool {
        var pipeline = RedisPipeline()
        pipeline.command("SET", .string(keys.keyring), .string(keyringFingerprint), "NX", "GET")
        guard let reply = try await send(pipeline).first else { return false }
        let known = try Self.value(reply)
        return known.isNull || known.string == keyringFingerprint
    }

    /// The hash field of a stored policy.
    func policyField(_ name: PolicyName) -> String {
        KeySpace.policyPrefix + hash.policyName(tenant: name.tenant, name: name.name.text)
    }

    /// The keyring that the namespace is used with. Does not claim an unused namespace.
    package func keyringUse() async throws(StoreError) -> KeyringUse {
        var pipeline = RedisPipeline()
        pipeline.command("GET", .string(keys.keyring))
        guard let reply = try await send(pipeline).first, let known = try Self.value(reply).string else {
            return .none
        }
        return known == keyringFingerprint ? .ours : .another
    }

    /// Which keyring a namespace is used with.
    package enum KeyringUse: Sendable {
        /// None: nothing was ever stored in the namespace.
        case none
        case ours
        case another
    }

    /// Of several masters, each has a clock of its own. The one that decisions use is that of the node which holds the
    /// mass revocations in force, for every worker.
    func send(_ pipeline: consuming RedisPipeline) async throws(StoreError) -> [RedisReply] {
        pipeline.home = revocationsKey
        let begin = ContinuousClock.now
        do {
            let replies = try await redis.send(pipeline)
            roundTrip.record((ContinuousClock.now - begin) / .seconds(1))
            return replies
        } catch {
            failures.increment()
            throw StoreError(error)
        }
    }

    /// Closes the connection after a reply that makes no sense, so that `/readyz` reports it.
    func distrust(_ command: String) async -> StoreError {
        let message = "unexpected reply from Redis to \(command)"
        await redis.abandonConnection(because: RedisError(.protocolViolation, message))
        return StoreError(message, .away, mayHaveHappened: true)
    }

    /// - Throws: if the server refused the command: the error then concerns the server, not our data.
    static func value(_ reply: RedisReply) throws(StoreError) -> RedisReply {
        if let error = reply.serverError { throw StoreError(error) }
        return reply
    }

    /// - Returns: `nil` if the reply is not a valid time.
    static func time(_ reply: RedisReply) throws(StoreError) -> Timestamp? {
        guard let parts = try value(reply).array, parts.count == 2,
            let seconds = parts[0].string.flatMap(Int64.init), let micros = parts[1].string.flatMap(Int64.init),
            timeRange.contains(seconds), (0..<1_000_000).contains(micros)
        else { return nil }
        return Timestamp(milliseconds: seconds * 1000 + micros / 1000)
    }

    /// Up to the year 9999: later dates can be neither computed nor formatted.
    private static let timeRange: Range<Int64> = 0..<253_402_300_800
}

extension StoreError {
    /// Converts a server's error, quoting it only where it does not repeat what was sent.
    init(_ error: RedisServerError) {
        let cause: Cause =
            switch error.kind {
            case .readOnly, .outOfMemory, .notPersisting, .noReplicas, .unconfirmed: .writesRefused
            case .loading, .busy, .masterDown, .clusterUnsettled, .accessDenied, .redirection, .unknownCommand,
                .noScript:
                .away
            case .wrongType, .other: error.isOfTheCommand ? .refused : .away
            }
        // If the script was missing, nothing was run.
        let mayHaveHappened = !error.isTransient && error.kind != .noScript
        self.init("Redis refused a command: \(error.words)", cause, mayHaveHappened: mayHaveHappened)
    }

    /// Converts the reason why there are no replies.
    init(_ error: RedisError) {
        let cause: Cause =
            switch error.code {
            case .notConnected: .away
            // Except when the reply exceeded a limit: then the request itself was too large.
            case .protocolViolation: error.exceedsLimit ? .refused : .away
            case .connectFailed, .authenticationFailed, .timeout, .connectionClosed, .invalidConfiguration, .server,
                .notPermitted, .tooManyOutstanding, .unknownScript, .cancelled:
                .refused
            }
        self.init(error.message, cause, mayHaveHappened: error.mayHaveRun)
    }

    /// The same error for a read, which has no effect.
    var ofReading: StoreError {
        StoreError(message, cause, mayHaveHappened: false)
    }
}
