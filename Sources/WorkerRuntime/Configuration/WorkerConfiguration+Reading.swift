import FoundationEssentials

extension WorkerConfiguration {
    /// Reads every setting of contract §9: from the command line, else the environment, else the file, else its default.
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
        for variable in ConfigurationVariable.allCases {
            guard let setting = try sources.setting(variable) else { continue }
            configuration.givenNames[variable] = setting.name
            try variable.declaration.read(setting, &configuration)
        }
        if needsKeyring { try configuration.checkKeyring() }
        try configuration.checkTLS()
        return configuration
    }

    /// Exactly one of the three: a file, a command, `--dev`.
    private func checkKeyring() throws(ConfigurationError) {
        let file = givenNames[.keyringFile]
        let command = givenNames[.keyringCommand]
        if let file, let command {
            throw ConfigurationError(
                .conflictingValues, file, "is given together with \(command)",
                remedy: "keys come from a file or from a command; leave one of the two out")
        }
        if let given = file ?? command, dev {
            throw ConfigurationError(
                .conflictingValues, "--dev", "is given together with \(given)",
                remedy: "--dev makes a throw-away keyring; leave one of the two out")
        }
        guard file != nil || command != nil || dev else { throw .missingKeyring }
    }
}
