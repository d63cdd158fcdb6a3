import FoundationEssentials
import Logging

extension WorkerConfiguration {
    /// Reads every variable of contract §9, in rising order from file, environment and command line; what nobody
    /// gives has its default.
    ///
    /// - Parameters:
    ///   - commandLine: the options that were given, as text.
    ///   - environment: the process's own unless a test says otherwise.
    ///   - file: the path given with `--config`.
    ///   - dev: whether `--dev` was given.
    ///   - needsKeyring: false for a command that opens no session, and so starts without keys.
    /// - Throws: the first thing that is wrong; the order is that of ``ConfigurationVariable``, the file before all.
    package static func read(
        commandLine: [ConfigurationVariable: String] = [:],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        file: String? = nil,
        dev: Bool = false,
        needsKeyring: Bool = true
    ) async throws(ConfigurationError) -> WorkerConfiguration {
        let sources = try await ConfigurationSources(commandLine: commandLine, environment: environment, file: file)
        var configuration = WorkerConfiguration()
        configuration.dev = dev
        try configuration.readConnections(from: sources)
        try configuration.readFiles(from: sources, needsKeyring: needsKeyring)
        try configuration.readWork(from: sources)
        try configuration.readOperation(from: sources)
        try configuration.checkTLS()
        return configuration
    }

    private mutating func readConnections(from sources: ConfigurationSources) throws(ConfigurationError) {
        if let setting = try sources.setting(.amqpUrl) {
            amqpURLs = try setting.urls(schemes: ["amqp", "amqps"], count: Bounds.amqpURLs)
        }
        if let setting = try sources.setting(.redisUrl) {
            redisURL = try setting.url(schemes: ["redis", "rediss", "redis+sentinel", "redis+cluster"])
        }
    }

    private mutating func readFiles(
        from sources: ConfigurationSources, needsKeyring: Bool
    ) throws(ConfigurationError) {
        let file = try sources.setting(.keyringFile)
        let command = try sources.setting(.keyringCommand)
        keyringFile = try file?.path()
        keyringCommand = try command?.command()
        if needsKeyring { try checkKeyring(file, command) }
        let policies = try sources.setting(.policyFile)
        let callers = try sources.setting(.callersFile)
        policyFile = try policies?.path()
        callersFile = try callers?.path()
        for setting in [policies, callers].compactMap(\.self) { givenNames[setting.variable] = setting.name }
    }

    /// Exactly one of the three: a file, a command, `--dev`.
    private func checkKeyring(
        _ file: ConfigurationSetting?, _ command: ConfigurationSetting?
    ) throws(ConfigurationError) {
        if let file, let command {
            throw ConfigurationError(
                .conflictingValues, file.name, "is given together with \(command.name)",
                remedy: "keys come from a file or from a command; leave one of the two out")
        }
        if let given = file ?? command, dev {
            throw ConfigurationError(
                .conflictingValues, "--dev", "is given together with \(given.name)",
                remedy: "--dev makes a throw-away keyring; leave one of the two out")
        }
        guard file != nil || command != nil || dev else { throw .missingKeyring }
    }

    private mutating func readWork(from sources: ConfigurationSources) throws(ConfigurationError) {
        if let setting = try sources.setting(.namespace) { namespace = try setting.namespace() }
        if let setting = try sources.setting(.prefetch) { prefetch = try setting.integer(in: Bounds.prefetch) }
        if let setting = try sources.setting(.lanes) { lanes = try setting.integer(in: Bounds.lanes) }
        if let setting = try sources.setting(.topology) { topology = try setting.choice(of: Topology.self) }
        if let setting = try sources.setting(.issuer) {
            issuer = try setting.printableText(maxBytes: Bounds.tokenNameBytes)
        }
        if let setting = try sources.setting(.audience) {
            audience = try setting.printableText(maxBytes: Bounds.tokenNameBytes)
        }
        if let setting = try sources.setting(.inboxSeconds) {
            inboxSeconds = try setting.integer(in: Bounds.inboxSeconds)
        }
    }

    private mutating func readOperation(from sources: ConfigurationSources) throws(ConfigurationError) {
        if let setting = try sources.setting(.drainSeconds) {
            drainSeconds = try setting.integer(in: Bounds.drainSeconds)
        }
        if let setting = try sources.setting(.maxBodyBytes) {
            maxBodyBytes = try setting.integer(in: Bounds.maxBodyBytes)
        }
        if let setting = try sources.setting(.requireTls) { requireTLS = try setting.flag() }
        if let setting = try sources.setting(.allowEviction) { allowEviction = try setting.flag() }
        if let setting = try sources.setting(.adminAddress) { adminAddress = try setting.endpoint() }
        if let setting = try sources.setting(.logLevel) { logLevel = try setting.choice(of: Logger.Level.self) }
        if let setting = try sources.setting(.logFormat) { logFormat = try setting.choice(of: LogFormat.self) }
    }
}
