import Logging
import SessionContract
import SessionCore

/// The policies from `SOJOURN_POLICY_FILE`.
typealias PolicyFile = WatchedFile<PolicyCatalogue>

extension WatchedFile<PolicyCatalogue> {
    /// - Parameter name: the name of the setting that gave the path.
    /// - Throws: `ConfigurationError` if a path is given and its file cannot be used.
    convenience init(
        path: String?, name: String = ConfigurationVariable.policyFile.environmentName, logger: Logger
    ) async throws(ConfigurationError) {
        try await self.init(
            path: path, name: name, title: "the policy file",
            form: "it must be a JSON object from policy names to policies", standard: PolicyCatalogue(), logger: logger,
            parse: PolicyReader.readCatalogue)
    }

    var policies: PolicyCatalogue { value }
}
