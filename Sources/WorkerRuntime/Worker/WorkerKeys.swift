import LogMetadata
package import Logging
import SessionCore
package import SessionCrypto
import SessionEngine
import Synchronization

/// The worker's keys, watched: from the keyring file or a command's output, or generated for `--dev`.
package final class WorkerKeys: Sendable {
    /// How often to check whether a successor key takes effect, and whether to reload the ring.
    private static let interval: Duration = .milliseconds(500)

    /// How often a source may be read.
    struct Pace: Sendable {
        /// Between periodic reads.
        let interval: Duration
        /// An unknown key triggers a read at once, but at most once per this interval.
        let needInterval: Duration
        /// Whether a token with an unknown key waits for that read. Anybody can forge such a token, and a command may
        /// take long.
        let tokensWait: Bool

        static let file = Pace(interval: WorkerKeys.interval, needInterval: .seconds(1), tokensWait: true)
        /// Rare, because the command may call a rate-limited service.
        static let command = Pace(interval: .seconds(20), needInterval: .seconds(10), tokensWait: false)
    }

    /// What named an unknown key. Each kind has its own rate limit, so that forged tokens cannot use up the reads that
    /// records need.
    package enum Need {
        case record
        case token
    }

    private struct Looks {
        /// The read in progress.
        var current: Task<Void, Never>?
        /// The last read for each need.
        private var lastDue: [Need: ContinuousClock.Instant] = [:]

        /// Whether a read is due; if so, the next is due after `interval`.
        mutating func isDue(for need: Need, every interval: Duration) -> Bool {
            let now = ContinuousClock.now
            if let last = lastDue[need], now - last < interval { return false }
            lastDue[need] = now
            return true
        }
    }

    /// The sealer in force, shared by everything in the namespace.
    package let sealers: SealerSource
    private let source: Source
    private let metrics = KeyringMetrics()
    private let pace: Pace
    private let logger: Logger
    private let looks = Mutex(Looks())
    /// Held while a ring takes effect, so that an older ring cannot replace a newer one.
    private let advancing = Mutex(())

    enum Source {
        case watched(Watched<Keyring>)
        /// Of `--dev`.
        case fixed(Keyring)
    }

    init(_ source: Source, pace: Pace, namespace: String, logger: Logger) {
        self.source = source
        self.pace = pace
        self.logger = logger
        let now = Timestamp.wallClock
        sealers = SealerSource(keyring: source.keyring, namespace: namespace, at: now)
        metrics.record(source.keyring, at: now)
    }

    /// - Throws: `ConfigurationError` if there is no keyring, or one that cannot be used.
    package convenience init(
        for configuration: WorkerConfiguration, logger: Logger
    ) async throws(ConfigurationError) {
        let source: Source
        var pace = Pace.file
        if let (provider, variable) = configuration.keyProvider {
            source = .watched(
                try await Watched(.keyring(from: provider, named: configuration.nameOfKeys), logger: logger))
            if variable == .keyringCommand { pace = .command }
        } else {
            guard configuration.dev else { throw .missingKeyring }
            logger.warning(
                "--dev: the keys, and with them all sessions of this worker, are lost when it stops; not for production"
            )
            source = .fixed(Keyring.generate(at: .wallClock))
        }
        self.init(source, pace: pace, namespace: configuration.namespace, logger: logger)
    }

    /// The ring in force. Its root never changes.
    package var keyring: Keyring { source.keyring }

    /// Follows the source and the clock until the task is cancelled.
    func watch() async {
        var last = ContinuousClock.now
        while (try? await Task.sleep(for: Self.interval)) != nil {
            if ContinuousClock.now - last >= pace.interval {
                last = .now
                await looks.withLock { look(&$0) }.value
            } else {
                advance()
            }
        }
    }

    /// Reloads the ring at once, on request.
    func reread() async {
        await looks.withLock { look(&$0) }.value
    }

    /// Reloads the ring at once, for an unknown key. Concurrent callers wait for the same read.
    package func refresh(for need: Need) async {
        let waits = need == .record || pace.tokensWait
        // A read in progress may have read the ring before the key was added.
        if waits { await looks.withLock { $0.current }?.value }
        let current = looks.withLock { looks in
            looks.isDue(for: need, every: pace.needInterval) ? look(&looks) : looks.current
        }
        if waits { await current?.value }
    }

    /// Reloads the ring and puts it in force, or joins a read in progress. Only tasks that need the new ring wait for a
    /// command's output; all others continue with the current ring.
    private func look(_ looks: inout Looks) -> Task<Void, Never> {
        if let current = looks.current { return current }
        let look = Task {
            if case .watched(let watched) = source { await watched.look() }
            advance()
            self.looks.withLock { $0.current = nil }
        }
        looks.current = look
        return look
    }

    /// Puts the ring in force, with the key that is current now.
    private func advance() {
        let id = advancing.withLock { _ in
            let now = Timestamp.wallClock
            metrics.record(source.keyring, at: now)
            return sealers.use(source.keyring, at: now)
        }
        guard let id else { return }
        logger.info("sealing records with a new key from now on", metadata: [LogKey.keyId: "\(id)"])
    }
}

extension WorkerKeys.Source {
    fileprivate var keyring: Keyring {
        switch self {
        case .watched(let watched): watched.value
        case .fixed(let keyring): keyring
        }
    }
}

extension Watched.Source where Value == Keyring {
    /// A ring with another root is refused, because the namespace's handles and tokens derive from the original root.
    static func keyring(from provider: any KeyProvider, named name: String) -> Self {
        @Sendable func unusable(_ reason: String) -> ConfigurationError {
            ConfigurationError(.unreadableFile, name, "cannot be used", remedy: reason)
        }
        let read: @Sendable () async throws(ConfigurationError) -> [UInt8]
        if let file = provider as? FileKeyProvider {
            read = blocking { () throws(ConfigurationError) in
                do throws(KeyringError) { return try file.content() } catch { throw unusable(error.description) }
            }
        } else {
            read = { () async throws(ConfigurationError) in
                do throws(KeyringError) { return try await provider.content() } catch {
                    throw unusable(error.description)
                }
            }
        }
        return Self(
            title: "the keyring", place: provider.name, read: read,
            parse: { content, current throws(ConfigurationError) in
                let keyring: Keyring
                do throws(KeyringError) {
                    keyring = try provider.keyring(from: content)
                } catch {
                    throw unusable(error.description)
                }
                guard current?.hasRoot(of: keyring) ?? true else {
                    throw unusable("\(provider.name) now returns the keyring of another installation")
                }
                return keyring
            })
    }
}

extension WorkerConfiguration {
    /// Reads the current keyring.
    ///
    /// - Throws: `ConfigurationError` if there is none, or one that cannot be used.
    package func keyring() async throws(ConfigurationError) -> Keyring {
        guard let (provider, _) = keyProvider else { throw .missingKeyring }
        let source = Watched<Keyring>.Source.keyring(from: provider, named: nameOfKeys)
        return try source.parse(try await source.read(), nil)
    }

    /// The seal that opens the credentials in a quarantined message; `nil` without a keyring.
    package func quarantineSeal(ofMessage id: String) async throws(ConfigurationError) -> CredentialSeal? {
        try await quarantineSealer().map { CredentialSeal($0, message: id) }
    }

    /// Opens the credentials in quarantined messages; `nil` without a keyring.
    package func quarantineSealer() async throws(ConfigurationError) -> Sealer? {
        guard keyProvider != nil else { return nil }
        return Sealer(keyring: try await keyring(), namespace: namespace, at: .wallClock)
    }

    /// The name of the keys' source in messages, as the operator gave it.
    var nameOfKeys: String { keyProvider.map { name(of: $0.1) } ?? "--dev" }

    /// The provider of the keyring, and the setting that selected it; `nil` with `--dev`.
    fileprivate var keyProvider: (any KeyProvider, ConfigurationVariable)? {
        if let keyringFile { return (FileKeyProvider(path: keyringFile), .keyringFile) }
        if let keyringCommand { return (CommandKeyProvider(words: keyringCommand), .keyringCommand) }
        return nil
    }
}
