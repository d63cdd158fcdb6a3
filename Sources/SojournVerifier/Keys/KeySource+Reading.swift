extension KeySource {
    /// - Parameter interval: how often to read a URL.
    /// - Throws: why it cannot be used; nothing of a URL is quoted.
    func reader(interval: Duration) throws(KeySet.Problem) -> any KeyReader {
        switch place {
        case .file(let path): KeyFile(path: path)
        case .url(let url, let authorities): try KeyURL(url, authorities: authorities, interval: interval)
        }
    }

    /// Reads the keys once.
    ///
    /// - Throws: why they cannot be used, following the document's name.
    package func keys() async throws(KeySet.Problem) -> KeySet {
        guard let keys = try await reader(interval: VerifierLimits().keyInterval).read() else {
            preconditionFailure("what was never read is new")
        }
        return keys
    }
}
