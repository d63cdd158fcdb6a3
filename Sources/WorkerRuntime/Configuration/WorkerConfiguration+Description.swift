/// The configuration without secrets: URLs without anything but their hosts, and a command without its arguments.
extension WorkerConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        var parts = ConfigurationVariable.allCases.compactMap { variable in
            variable.declaration.shown(self).map { "\(variable.fileKey)=\($0)" }
        }
        if dev { parts.append("dev") }
        return parts.joined(separator: " ")
    }

    package var debugDescription: String { description }

    /// The URL without user, password and query.
    ///
    /// Cuts at the *last* `@`, so that a password that should have been percent-encoded, but is not, is removed
    /// completely.
    package static func withoutSecrets(_ url: String) -> String {
        let scheme: Substring
        var rest: Substring
        if let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") {
            let afterScheme = url.index(colon, offsetBy: 3)
            scheme = url[..<afterScheme]
            rest = url[afterScheme...]
        } else {
            scheme = ""
            rest = url[...]
        }
        let at = rest.lastIndex(of: "@")
        let query = rest.firstIndex { $0 == "?" || $0 == "#" }
        // Either of the two belongs to a secret, and nobody can tell which.
        if let at, let query, query < at { return String(scheme + "…") }
        if let query { rest = rest[..<query] }
        if let at { rest = rest[rest.index(after: at)...] }
        return String(scheme + rest)
    }
}
