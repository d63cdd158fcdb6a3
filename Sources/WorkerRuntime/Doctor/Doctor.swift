package import Logging
import SessionCrypto

/// Examines an installation with a worker's configuration, and changes nothing. What cannot be reached is a finding, and the
/// rest goes on.
package struct Doctor: Sendable {
    /// How long to wait for each server to accept a connection, in seconds.
    static let patienceSeconds = 5

    let configuration: WorkerConfiguration
    let logger: Logger

    package init(_ configuration: WorkerConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// - Parameter tell: gets each finding at once.
    package func examine(_ tell: (Finding) -> Void) async {
        for finding in machine() { tell(finding) }
        for finding in await files() { tell(finding) }
        let (keyring, findings) = await keys()
        for finding in findings { tell(finding) }
        for finding in await broker() { tell(finding) }
        for finding in await redis(keyring) { tell(finding) }
        for finding in await certificates() { tell(finding) }
        for finding in await collector() { tell(finding) }
        for finding in await worker() { tell(finding) }
    }
}
