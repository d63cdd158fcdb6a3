import SessionContract
import SessionCore

/// Checks the names in the environment that begin with `SOJOURN_`: each must be a variable, or belong to something else
/// that uses this prefix.
enum EnvironmentNames {
    private static let prefix = "SOJOURN_"

    /// Variables of the project's own tools, which pass their environment on: the binary to use, and the servers for
    /// tests.
    private static func isOfTools(_ name: String) -> Bool {
        name == "SOJOURN_BIN" || name.hasPrefix("SOJOURN_TEST_")
    }

    /// Kubernetes sets these in every container for each service in the namespace (`enableServiceLinks`), including
    /// services called `sojourn` or `sojourn-worker`: `…_SERVICE_HOST`, `…_SERVICE_PORT`, `…_SERVICE_PORT_HTTP`,
    /// `…_PORT`, `…_PORT_9490_TCP`, `…_PORT_9490_TCP_ADDR`.
    private static func isServiceLink(_ name: String) -> Bool {
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        if name.hasSuffix("_SERVICE_HOST") || name.hasSuffix("_PORT") { return true }
        return zip(words, words.dropFirst()).contains { first, second in
            (first == "SERVICE" && second == "PORT")
                || (first == "PORT" && !second.isEmpty && second.utf8.allSatisfy { (0x30...0x39).contains($0) })
        }
    }

    /// - Throws: `ConfigurationError` for the first unknown name in alphabetical order.
    static func check(_ names: some Sequence<String>) throws(ConfigurationError) {
        let known = ConfigurationVariable.allCases.map(\.environmentName)
        for name in names.filter({ $0.hasPrefix(prefix) }).sorted() {
            if known.contains(where: { $0.isExactly(name) }) || isOfTools(name) || isServiceLink(name) { continue }
            throw .unknown(ConfigurationSetting.name(name), "is not a known variable", name, among: known)
        }
    }
}

extension ConfigurationError {
    /// - Parameters:
    ///   - subject: the unknown name, as an error shows it.
    ///   - written: the name as written.
    static func unknown(
        _ subject: String, _ problem: String, _ written: String, among names: [String]
    ) -> ConfigurationError {
        let remedy =
            NearestName.nearest(to: written, among: names).map { "did you mean \($0)?" }
            ?? "known are \(names.joined(separator: ", "))"
        return ConfigurationError(.unknownKey, subject, problem, remedy: remedy)
    }
}
