import ConnectionSupport
import Logging
import NIOPosix
import RedisNIO
package import SessionCrypto
import SessionEngine
package import SessionStorage

/// The operations of `sojourn keys` on a namespace's records, while workers keep running.
package struct KeyMaintenance: Sendable {
    /// How long to wait for Redis.
    private static let patience: Duration = .seconds(10)

    private let redis: RedisClient
    private let store: RedisSessionStore

    /// Why nothing was done, as a sentence.
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
        /// Whether the cause is an unavailable server.
        package let isUnavailable: Bool
    }

    /// Connects, runs `body`, and disconnects.
    ///
    /// - Throws: `Problem` if Redis cannot be reached, or its namespace is used with another keyring; `ConfigurationError`;
    ///   what `body` throws.
    package static func run<Result>(
        _ configuration: WorkerConfiguration, keyring: Keyring, _ body: (KeyMaintenance) async throws -> Result
    ) async throws -> Result {
        let maintenance = try KeyMaintenance(configuration, keyring: keyring)
        do {
            try await maintenance.connect(namespace: configuration.namespace)
            let result = try await body(maintenance)
            await maintenance.redis.shutdown()
            return result
        } catch {
            await maintenance.redis.shutdown()
            throw (error as? StoreError).map { Problem(description: $0.message, isUnavailable: true) } ?? error
        }
    }

    /// Counts the records sealed with each key, by key id.
    package func countByKey(
        onProgress: (ResealProgress) -> Void
    ) async throws -> [String: Int] {
        try await store.countByKey(onProgress: onProgress)
    }

    /// Reseals every record that is not sealed with the current key.
    package func reseal(onProgress: (ResealProgress) -> Void) async throws -> ResealProgress {
        try await store.reseal(onProgress: onProgress)
    }
}

extension KeyMaintenance {
    private init(_ configuration: WorkerConfiguration, keyring: Keyring) throws(ConfigurationError) {
        var settings = try configuration.redis()
        settings.clientName = "sojourn-\(configuration.namespace)-keys"
        let logger = Logger(label: "sojourn.keys") { _ in SwiftLogNoOpLogHandler() }
        do {
            redis = try RedisClient(
                settings, scripts: RedisSessionStore.scripts, on: MultiThreadedEventLoopGroup.singleton.next(),
                logger: logger)
        } catch {
            throw ConfigurationError(
                .invalidValue, configuration.name(of: .redisUrl), "cannot be used", remedy: error.message)
        }
        let sealers = SealerSource(keyring: keyring, namespace: configuration.namespace, at: .wallClock)
        store = RedisSessionStore(
            redis: redis, namespace: configuration.namespace, sealers: sealers,
            inboxSeconds: configuration.inboxSeconds, keyring: keyring,
            refreshKeys: {
                // If the keyring cannot be read now, the last version stays in force, as in a worker.
                guard let ring = try? await configuration.keyring(), ring.hasRoot(of: keyring) else { return }
                _ = sealers.use(ring, at: .wallClock)
            })
    }

    private func connect(namespace: String) async throws {
        redis.start()
        let wait = Task { [redis] in try await redis.waitUntilConnected() }
        let limit = Task {
            try await Task.sleep(for: Self.patience)
            wait.cancel()
        }
        defer { limit.cancel() }
        do {
            try await wait.value
        } catch {
            throw Problem(description: "Redis cannot be reached: \(await reason)", isUnavailable: true)
        }
        switch try await store.keyringUse() {
        case .ours: return
        case .none:
            throw Problem(
                description: "the namespace \(namespace) was never used in this Redis: do --redis-url and "
                    + "--namespace match those of the workers?", isUnavailable: false)
        case .another:
            throw Problem(
                description: "the namespace \(namespace) is used with another keyring in this Redis",
                isUnavailable: false)
        }
    }

    private var reason: String {
        get async {
            switch await redis.state {
            case .disconnected(let error, nextAttempt: _): error.message
            case .idle, .connecting, .connected, .shutDown: "it does not answer"
            }
        }
    }
}
