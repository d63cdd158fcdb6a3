import Logging
import SessionContract
import SessionCore

/// The policies from `SOJOURN_POLICY_FILE`.
typealias PolicyFile = WatchedFile<PolicyCatalogue>

extension WatchedFile<PolicyCatalogue> {
    /// - Throws: `ConfigurationError` if there is a path and what lies there cannot be used.
    convenience init(path: String?, logger: Logger) throws(ConfigurationError) {
        try self.init(
            path: path, variable: .policyFile, title: "the policy file",
            form: "it must be a JSON object, policy name to policy", standard: PolicyCatalogue(), logger: logger,
            parse: PolicyReader.readCatalogue)
    }

    var policies: PolicyCatalogue { value }
}
