import Logging
import SessionContract
import SessionCore

/// The policies from `SOJOURN_POLICY_FILE`.
typealias PolicyFile = WatchedFile<PolicyCatalogue>

extension WatchedFile<PolicyCatalogue> {
    /// - Parameter name: what the path was given as.
    /// - Throws: `ConfigurationError` if there is a path and what lies there cannot be used.
    convenience init(
        path: String?, name: String = ConfigurationVariable.policyFile.environmentName, logger: Logger
    ) async throws(ConfigurationError) {
        try await self.init(
            path: path, name: name, title: "the policy file",
            form: "it must be a JSON object, policy name to policy", standard: PolicyCatalogue(), logger: logger,
            parse: PolicyReader.readCatalogue)
    }

    var policies: PolicyCatalogue { value }
}
