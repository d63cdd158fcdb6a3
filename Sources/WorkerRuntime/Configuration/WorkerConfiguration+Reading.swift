import FoundationEssentials

extension WorkerConfiguration {
    /// Reads every setting of contract §9: from the command line, the environment, the file, or its default, in this
    /// order.
    ///
    /// - Parameters:
    ///   - commandLine: the given options, as texts.
    ///   - environment: the process's own, except in tests.
    ///   - file: the path given with `--config`.
    ///   - dev: whether `--dev` was given.
    ///   - needsKeyring: false for a command that opens no session, and so needs no keys.
    /// - Throws: the first error: first the file's, then in the order of ``ConfigurationVariable``.
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
        try configuration.checkAudit()
        try configuration.checkTLS()
        try configuration.checkTLSFiles()
        try configuration.checkTracing()
        return configuration
    }

    /// Neither of the two has an effect without the other.
    private func checkAudit() throws(ConfigurationError) {
        switch (audit, auditFile) {
        case (.off, nil), (.changes, _?), (.all, _?): return
        case (.off, _?):
            throw ConfigurationError(
                .conflictingValues, name(of: .auditFile), "is given, but the audit log is off",
                remedy: "set \(name(of: .audit)) to changes or all, or remove the file")
        case (.changes, nil), (.all, nil):
            throw ConfigurationError(
                .missingValue, name(of: .auditFile), "is not set",
                remedy: "give the path of a file, since \(name(of: .audit)) is \(audit.rawValue)")
        }
    }

    /// Exactly one of these must be given: a file, a command, `--dev`.
    private func checkKeyring() throws(ConfigurationError) {
        let file = givenNames[.keyringFile]
        let command = givenNames[.keyringCommand]
        if let file, let command {
            throw ConfigurationError(
                .conflictingValues, file, "is given together with \(command)",
                remedy: "keys come from a file or from a command: remove one of the two")
        }
        if let given = file ?? command, dev {
            throw ConfigurationError(
                .conflictingValues, "--dev", "is given together with \(given)",
                remedy: "--dev generates a temporary keyring: remove one of the two")
        }
        guard file != nil || command != nil || dev else { throw .missingKeyring }
    }
}
