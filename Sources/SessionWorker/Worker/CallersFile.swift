import Logging
import SessionContract

/// Who may send which commands, from `SOJOURN_CALLERS_FILE`.
typealias CallersFile = WatchedFile<CallerPermissions>

extension WatchedFile<CallerPermissions> {
    /// - Throws: `ConfigurationError` if there is a path and what lies there cannot be used.
    convenience init(path: String?, logger: Logger) throws(ConfigurationError) {
        try self.init(
            path: path, variable: .callersFile, title: "the callers file",
            form: "it must be a JSON object, caller to a list of command patterns, or to {commands, tenants}",
            standard: .anything, logger: logger, parse: CallerPermissions.read)
    }

    var permissions: CallerPermissions { value }
}
