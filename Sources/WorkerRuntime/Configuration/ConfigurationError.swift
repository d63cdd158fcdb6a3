/// Why the process cannot run as it was asked to: one sentence an operator can act on.
///
/// Never holds a URL: those carry passwords, and errors end up in logs.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// A variable has a value it cannot have.
        case invalidValue
        /// What has no default was not given.
        case missingValue
        /// Two settings that are each fine contradict each other.
        case conflictingValues
        /// The configuration file or the environment has what is no variable; a misspelt limit must not silently be no
        /// limit.
        case unknownKey
        /// A file cannot be read, or is not what it should be.
        case unreadableFile
        /// The machine refuses what was configured, such as an address that is in use.
        case unusableAddress
        /// The broker lacks exchanges or queues, and the worker was told not to declare them.
        case missingTopology
        /// A server knows neither the user nor the password, or has no such virtual host.
        case refusedByServer
        /// Redis may throw away what it keeps.
        case evictingRedis
        /// The process may not open as many files and sockets as it needs.
        case tooFewFiles
        /// A server on another machine would be talked to without TLS, and must not be.
        case unprotectedServer
    }

    package var code: Code

    /// What is wrong, named as the user wrote it: `SOJOURN_PREFETCH`, `--prefetch` or `prefetch in /etc/sojourn.json`.
    package var subject: String

    /// What is wrong with it, to follow the subject: `is "abc"`.
    package var problem: String

    /// What would be right, as a clause: `it must be a whole number from 1 to 65535`.
    package var remedy: String

    package init(_ code: Code, _ subject: String, _ problem: String, remedy: String) {
        self.code = code
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
    }

    /// There is neither a file nor a command nor `--dev`.
    static var missingKeyring: ConfigurationError {
        ConfigurationError(
            .missingValue, ConfigurationVariable.keyringFile.environmentName, "is not set",
            remedy: "make a keyring with `sojourn keys init FILE` and give its path, or try with --dev, "
                + "whose keys are gone when it stops")
    }

    package var description: String {
        "\(subject) \(problem): \(remedy)"
    }
}
