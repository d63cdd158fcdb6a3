/// Why the process cannot run as configured: one sentence that an operator can act on.
///
/// It never contains a URL, because URLs contain passwords, and errors are logged.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// A variable has an invalid value.
        case invalidValue
        /// A required setting was not given.
        case missingValue
        /// Two settings contradict each other.
        case conflictingValues
        /// The configuration file or the environment contains an unknown name. A misspelt limit must not silently be no
        /// limit.
        case unknownKey
        /// A file is unreadable or invalid.
        case unreadableFile
        /// The machine refuses what was configured, such as an address in use.
        case unusableAddress
        /// The broker lacks exchanges or queues, and the worker may not declare them.
        case missingTopology
        /// A server rejects the user, the password or the virtual host.
        case refusedByServer
        /// A server is too old.
        case oldServer
        /// Redis may evict keys.
        case evictingRedis
        /// The limit on open files is too low for the configuration.
        case tooFewFiles
        /// A remote server would be used without TLS, although TLS is required.
        case unprotectedServer
    }

    package var code: Code

    /// What is wrong, as the user wrote it: `SOJOURN_PREFETCH`, `--prefetch` or `prefetch in /etc/sojourn.json`.
    package var subject: String

    /// What is wrong with it, following the subject: `is "abc"`.
    package var problem: String

    /// What would be right, as a clause: `it must be a whole number from 1 to 65535`.
    package var remedy: String

    package init(_ code: Code, _ subject: String, _ problem: String, remedy: String) {
        self.code = code
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
    }

    /// Neither a file nor a command nor `--dev` is given.
    static var missingKeyring: ConfigurationError {
        ConfigurationError(
            .missingValue, ConfigurationVariable.keyringFile.environmentName, "is not set",
            remedy: "create a keyring with `sojourn keys init FILE` and give its path, or use --dev, "
                + "whose keys are lost when it stops")
    }

    package var description: String {
        "\(subject) \(problem): \(remedy)"
    }
}
