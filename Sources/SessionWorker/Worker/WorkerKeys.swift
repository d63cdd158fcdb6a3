package import Logging
import SessionCore
package import SessionCrypto
import Synchronization

/// The worker's keys, watched: from the keyring file, from a command's output, or with `--dev` from nowhere.
package final class WorkerKeys: Sendable {
    /// How often the file is looked at, and whether a successor's moment has come.
    private static let interval: Duration = .milliseconds(500)
    /// How often the command is run: it may ask a service that counts.
    private static let commandInterval: Duration = .seconds(60)
    /// A record that is sealed with an unknown key has the ring read at once, but not more often than this.
    package static let refreshInterval: Duration = .seconds(1)
    private static let commandRefreshInterval: Duration = .seconds(10)

    /// The sealer in force, for all who work in the namespace.
    package let sealers: SealerSource
    private let source: Source
    private let logger: Logger
    /// When the ring was last read.
    private let lastLook = Mutex(ContinuousClock.now)
    private let refreshInterval: Duration

    fileprivate enum Source {
        case watched(Watched<Keyring>, isCommand: Bool)
        /// Of `--dev`.
        case fixed(Keyring)
    }

    /// - Throws: `ConfigurationError` if there is no keyring, or one that cannot be used.
    package init(
        for configuration: WorkerConfiguration, logger: Logger, refreshInterval: Duration = refreshInterval
    ) throws(ConfigurationError) {
        self.refreshInterval = refreshInterval
        if let (provider, variable) = configuration.keyProvider {
            source = .watched(
                try Watched(.keyring(from: provider, variable), logger: logger),
                isCommand: variable == .keyringCommand)
        } else {
            guard configuration.dev else { throw .missingKeyring }
            logger.warning(
                "--dev: the keys are thrown away at the end, and every session of this worker with them; not for production"
            )
            source = .fixed(Keyring.generate(at: .wallClock))
        }
        self.logger = logger
        sealers = SealerSource(keyring: source.keyring, namespace: configuration.namespace, at: .wallClock)
    }

    /// The ring in force. Its root never changes.
    package var keyring: Keyring { source.keyring }

    /// Keeps the sealers at what the source says and the clock, until the task is cancelled.
    func watch() async {
        while (try? await Task.sleep(for: Self.interval)) != nil {
            if source.isCommand { await look(ifOlderThan: Self.commandInterval) } else { await look() }
        }
    }

    /// Reads the ring at once, for a record that is sealed with a key it does not have.
    package func refresh() async {
        await look(ifOlderThan: source.isCommand ? Self.commandRefreshInterval : refreshInterval)
    }

    /// Reads the ring, where it was not read for so long, and has it in force. What reads a command's output may wait for
    /// it, and meanwhile all others go on with what they have.
    private func look(ifOlderThan age: Duration = .zero) async {
        let isDue = lastLook.withLock { last in
            guard ContinuousClock.now - last >= age else { return false }
            last = ContinuousClock.now
            return true
        }
        if case .watched(let watched, _) = source, isDue { await watched.lookNow() }
        if let id = sealers.use(source.keyring, at: .wallClock) {
            logger.info("records are sealed with another key from now on", metadata: [LogKey.keyId: "\(id)"])
        }
    }
}

extension WorkerKeys.Source {
    fileprivate var keyring: Keyring {
        switch self {
        case .watched(let watched, _): watched.value
        case .fixed(let keyring): keyring
        }
    }

    fileprivate var isCommand: Bool {
        switch self {
        case .watched(_, let isCommand): isCommand
        case .fixed: false
        }
    }
}

extension Watched.Source where Value == Keyring {
    /// A ring with another root is refused: the namespace's handles and tokens rest on the one that it began with.
    fileprivate static func keyring(from provider: any KeyProvider, _ variable: ConfigurationVariable) -> Self {
        @Sendable func unusable(_ reason: String) -> ConfigurationError {
            ConfigurationError(.unreadableFile, variable.environmentName, "cannot be used", remedy: reason)
        }
        return Self(
            title: "the keyring", place: provider.name,
            read: { () throws(ConfigurationError) in
                do throws(KeyringError) {
                    return try provider.content()
                } catch {
                    throw unusable(error.description)
                }
            },
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
    package func keyring() throws(ConfigurationError) -> Keyring {
        guard let (provider, variable) = keyProvider else { throw .missingKeyring }
        let source = Watched<Keyring>.Source.keyring(from: provider, variable)
        return try source.parse(try source.read(), nil)
    }

    /// What gives the keyring, and the variable that says so; `nil` with `--dev`.
    fileprivate var keyProvider: (any KeyProvider, ConfigurationVariable)? {
        if let keyringFile { return (FileKeyProvider(path: keyringFile), .keyringFile) }
        if let keyringCommand { return (CommandKeyProvider(words: keyringCommand), .keyringCommand) }
        return nil
    }
}
