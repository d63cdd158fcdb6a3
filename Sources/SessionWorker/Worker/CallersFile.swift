import Logging
import SessionContract

/// Who may send which commands, from `SOJOURN_CALLERS_FILE`.
typealias CallersFile = WatchedFile<CallerPermissions>

extension WatchedFile<CallerPermissions> {
    /// - Parameter name: what the path was given as.
    /// - Throws: `ConfigurationError` if there is a path and what lies there cannot be used.
    convenience init(
        path: String?, name: String = ConfigurationVariable.callersFile.environmentName, logger: Logger
    ) async throws(ConfigurationError) {
        try await self.init(
            path: path, name: name, title: "the callers file",
            form: "it must be a JSON object, caller to a list of command patterns, or to {commands, tenants, replyTo}",
            standard: .anything, logger: logger, parse: CallerPermissions.read)
    }

    var permissions: CallerPermissions { value }
}
