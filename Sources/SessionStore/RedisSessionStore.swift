package import RedisConnection
import SessionContract
import SessionCore
package import SessionCrypto

/// The store in Redis: one pipeline to load a batch, one to commit it, every record sealed and bound to its place.
package struct RedisSessionStore: SessionStore {
    /// The scripts that every connection must have loaded.
    package static let scripts = [commitScript, releaseScript, resealScript]
    /// Asked by every connection of a worker: whether Redis lets it do all that the store asks for.
    package static func probe(in namespace: String) -> RedisProbe {
        let keys = KeySpace(namespace: namespace)
        return RedisProbe(
            script: RedisScript(name: "probe", source: PackageResources.probe_lua), keys: keys.probes,
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
    /// Where the standing mass revocations lie.
    let revocationsKey: String
    private let keyringFingerprint: String
    private let hash: KeyedHash
    /// Has the keyring read again, at once.
    let refreshKeys: @Sendable () async -> Void

    /// - Parameter refreshKeys: called for a record that is sealed with an unknown key, before it counts as damaged;
    ///   returns when `sealers` has the newest keys there are, or soon.
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

    /// Whether the namespace is used with this store's keyring, or now begins to be. A worker with another would find
    /// other handles for the same subjects, and so break every limit and promise without anybody noticing.
    package func isKeyringTheirs() async throws(StoreError) -> Bool {
        var pipeline = RedisPipeline()
        pipeline.command("SET", .string(keys.keyring), .string(keyringFingerprint), "NX", "GET")
        guard let reply = try await send(pipeline).first else { return false }
        let known = try Self.value(reply)
        return known.isNull || known.string == keyringFingerprint
    }

    /// The field of a policy that was put.
    func policyField(_ name: PolicyName) -> String {
        KeySpace.policyPrefix + hash.policyName(tenant: name.tenant, name: name.name.text)
    }

    /// With which keyring the namespace is used, without beginning to use it.
    package func keyringUse() async throws(StoreError) -> KeyringUse {
        var pipeline = RedisPipeline()
        pipeline.command("GET", .string(keys.keyring))
        guard let reply = try await send(pipeline).first, let known = try Self.value(reply).string else {
            return .none
        }
        return known == keyringFingerprint ? .ours : .another
    }

    /// With which keyring a namespace is used.
    package enum KeyringUse: Sendable {
        /// With none: nothing was ever stored in it.
        case none
        case ours
        case another
    }

    func send(_ pipeline: consuming RedisPipeline) async throws(StoreError) -> [RedisReply] {
        do {
            return try await redis.send(pipeline)
        } catch {
            throw StoreError(error)
        }
    }

    /// Gives up the connection: its server has answered what it cannot have meant, and `/readyz` has to say so.
    func distrust(_ command: String) async -> StoreError {
        let message = "Redis answered \(command) with something else"
        await redis.abandonConnection(because: RedisError(.protocolViolation, message))
        return StoreError(message, .away, mayHaveHappened: true)
    }

    /// - Throws: if the server refused the command: what it says is about itself, not about our data.
    static func value(_ reply: RedisReply) throws(StoreError) -> RedisReply {
        if let error = reply.serverError { throw StoreError(error) }
        return reply
    }

    /// - Returns: `nil` for what cannot be the time.
    static func time(_ reply: RedisReply) throws(StoreError) -> Timestamp? {
        guard let parts = try value(reply).array, parts.count == 2,
            let seconds = parts[0].string.flatMap(Int64.init), let micros = parts[1].string.flatMap(Int64.init),
            timeRange.contains(seconds), (0..<1_000_000).contains(micros)
        else { return nil }
        return Timestamp(milliseconds: seconds * 1000 + micros / 1000)
    }

    /// Up to the year 9999: from there on nothing can be reckoned or written down.
    private static let timeRange: Range<Int64> = 0..<253_402_300_800
}

extension StoreError {
    /// What the server said of a command: in its own words where they repeat nothing that was sent.
    init(_ error: RedisServerError) {
        let cause: Cause =
            switch error.kind {
            case .readOnly, .outOfMemory, .notPersisting, .noReplicas: .writesRefused
            case .loading, .busy, .masterDown, .clusterUnsettled, .accessDenied, .redirection, .unknownCommand,
                .noScript:
                .away
            case .wrongType, .other: error.isOfTheCommand ? .refused : .away
            }
        // Where there is no script nothing was run.
        let mayHaveHappened = !error.isTransient && error.kind != .noScript
        self.init("Redis refused a command: \(error.words)", cause, mayHaveHappened: mayHaveHappened)
    }

    /// Why there are no replies.
    init(_ error: RedisError) {
        let cause: Cause =
            switch error.code {
            case .notConnected: .away
            // Unless it is too much of what was asked for.
            case .protocolViolation: error.exceedsLimit ? .refused : .away
            case .connectFailed, .authenticationFailed, .timeout, .connectionClosed, .invalidConfiguration, .server,
                .notPermitted, .tooManyOutstanding, .unknownScript, .cancelled:
                .refused
            }
        self.init(error.message, cause, mayHaveHappened: error.mayHaveRun)
    }

    /// The same of what was only read: it had no effect.
    var ofReading: StoreError {
        StoreError(message, cause, mayHaveHappened: false)
    }
}
