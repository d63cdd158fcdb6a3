import Foundation
import Logging
import UnixSignals

/// Whoever presses Ctrl-C twice does not want to wait: the process ends at once. Nothing is lost by that; what was taken
/// and not acknowledged is delivered again.
struct SecondInterrupt: Sendable {
    private static let exitStatus: Int32 = 130

    let logger: Logger

    func wait() async {
        var count = 0
        for await _ in await UnixSignalsSequence(trapping: .sigint) {
            count += 1
            guard count > 1 else { continue }
            logger.warning(
                "interrupted again: the worker ends at once, and RabbitMQ delivers again what it had not finished")
            exit(Self.exitStatus)
        }
    }
}
