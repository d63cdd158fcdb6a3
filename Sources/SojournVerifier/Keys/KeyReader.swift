/// Reads the issuer's keys from where they are.
package protocol KeyReader: Sendable {
    /// How often to read.
    var interval: Duration { get }

    /// - Returns: `nil` if they are still the ones that were read last.
    func read() async throws(KeySet.Problem) -> KeySet?
}
