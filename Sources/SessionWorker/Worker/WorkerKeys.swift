package import Logging
import SessionCore
package import SessionCrypto
import Synchronization

/// The worker's keys, watched: from the keyring file, from a command's output, or with `--dev` from nowhere.
package final class WorkerKeys: Sendable {
    /// How often it is seen to whether a successor's moment has come, and whether it is time to read the ring.
    private static let interval: Duration = .milliseconds(500)

    /// How often a source is read.
    struct Pace: Sendable {
        /// By the watch.
        let interval: Duration
        /// A key that the ring does not have has it read at once, but not more often than this.
        let needInterval: Duration
        /// Whether a token with such a key waits for the look. Anybody can make up one, and a command may take long.
        let tokensWait: Bool

        static let file = Pace(interval: WorkerKeys.interval, needInterval: .seconds(1), tokensWait: true)
        /// It may ask a service that counts.
        static let command = Pace(interval: .seconds(20), needInterval: .seconds(10), tokensWait: false)
    }

    /// What came with a key that the ring does not have. Each has looks of its own: tokens that somebody makes up cannot
    /// use up those that records need.
    package enum Need {
        case record
        case token
    }

    private struct Looks {
        /// The one that is under way.
        var current: Task<Void, Never>?
        /// When one was last due for this need.
        private var lastDue: [Need: ContinuousClock.Instant] = [:]

        /// Whether one is due; if so, the next is when so long has passed.
        mutating func isDue(for need: Need, every interval: Duration) -> Bool {
            let now = ContinuousClock.now
            if let last = lastDue[need], now - last < interval { return false }
            lastDue[need] = now
            return true
        }
    }

    /// The sealer in force, for all who work in the namespace.
    package let sealers: SealerSource
    private let source: Source
    private let pace: Pace
    private let logger: Logger
    private let looks = Mutex(Looks())
    /// Held while a ring comes into force: who has an older one must not come last.
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
        sealers = SealerSource(keyring: source.keyring, namespace: namespace, at: .wallClock)
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
                "--dev: the keys are thrown away at the end, and every session of this worker with them; not for production"
            )
            source = .fixed(Keyring.generate(at: .wallClock))
        }
        self.init(source, pace: pace, namespace: configuration.namespace, logger: logger)
    }

    /// The ring in force. Its root never changes.
    package var keyring: Keyring { source.keyring }

    /// Keeps the sealers at what the source says and the clock, until the task is cancelled.
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

    /// Reads the ring at once, because somebody asks for it.
    func reread() async {
        await looks.withLock { look(&$0) }.value
    }

    /// Reads the ring at once, for a key that it does not have. Whoever asks meanwhile waits for the same look.
    package func refresh(for need: Need) async {
        let waits = need == .record || pace.tokensWait
        // One that is under way may have read the ring before it had the key.
        if waits { await looks.withLock { $0.current }?.value }
        let current = looks.withLock { looks in
            looks.isDue(for: need, every: pace.needInterval) ? look(&looks) : looks.current
        }
        if waits { await current?.value }
    }

    /// Reads the ring, and has it in force; joins a look that is under way. What reads a command's output may wait for it,
    /// and meanwhile all others go on with what they have.
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

    /// Has everybody use the ring, with the key that is current now.
    private func advance() {
        let id = advancing.withLock { _ in sealers.use(source.keyring, at: .wallClock) }
        guard let id else { return }
        logger.info("records are sealed with another key from now on", metadata: [LogKey.keyId: "\(id)"])
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
    /// A ring with another root is refused: the namespace's handles and tokens rest on the one that it began with.
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
                    throw unusable("\(provider.name) now gives the keyring of another installation")
                }
                return keyring
            })
    }
}

extension WorkerConfiguration {
    /// The keyring as it is now.
    ///
    /// - Throws: `ConfigurationError` if there is none, or one that cannot be used.
    package func keyring() async throws(ConfigurationError) -> Keyring {
        guard let (provider, _) = keyProvider else { throw .missingKeyring }
        let source = Watched<Keyring>.Source.keyring(from: provider, named: nameOfKeys)
        return try source.parse(try await source.read(), nil)
    }

    /// What opens the credentials of a message in quarantine; `nil` without a keyring.
    package func quarantineSeal(ofMessage id: String) async throws(ConfigurationError) -> CredentialSeal? {
        guard keyProvider != nil else { return nil }
        return CredentialSeal(
            Sealer(keyring: try await keyring(), namespace: namespace, at: .wallClock), message: id)
    }

    /// What messages call the place that the keys come from, as it was given.
    var nameOfKeys: String { keyProvider.map { name(of: $0.1) } ?? "--dev" }

    /// What gives the keyring, and the variable that says so; `nil` with `--dev`.
    fileprivate var keyProvider: (any KeyProvider, ConfigurationVariable)? {
        if let keyringFile { return (FileKeyProvider(path: keyringFile), .keyringFile) }
        if let keyringCommand { return (CommandKeyProvider(words: keyringCommand), .keyringCommand) }
        return nil
    }
}
