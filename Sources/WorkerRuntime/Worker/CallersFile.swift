import Logging
import SessionContract

/// The callers and their permitted commands, from `SOJOURN_CALLERS_FILE`.
typealias CallersFile = WatchedFile<CallerPermissions>

extension WatchedFile<CallerPermissions> {
    /// - Parameter name: the name of the setting that gave the path.
    /// - Throws: `ConfigurationError` if a path is given and its file cannot be used.
    convenience init(
        path: String?, name: String = ConfigurationVariable.callersFile.environmentName, logger: Logger
    ) async throws(ConfigurationError) {
        try await self.init(
            path: path, name: name, title: "the callers file",
            form: "it must be a JSON object from callers to lists of command patterns or {commands, tenants, replyTo}",
            standard: .anything, logger: logger, parse: CallerPermissions.read)
    }

    var permissions: CallerPermissions { value }
}
