import Dispatch
import Glibc
import Logging
import Synchronization

/// Handles signals on a dedicated queue, so that they work even when everything else hangs.
///
/// - SIGTERM, SIGINT: the worker drains.
/// - SIGINT again: the process ends at once, because a second Ctrl-C means that the operator does not want to wait.
///   Nothing is lost: unacknowledged deliveries are redelivered.
/// - SIGHUP: the watched files are re-read. It never ends a worker, not even a draining one.
final class WorkerSignals {
    /// As in a shell: 128 plus the number of the signal.
    private static let interrupted = 128 + SIGINT

    /// Retained for the lifetime of the process: without them a signal would regain its default effect.
    private let sources: [any DispatchSourceSignal]

    /// Returns once no signal has its default effect any more.
    ///
    /// - Parameters:
    ///   - stop: called on the first SIGTERM or SIGINT.
    ///   - reload: called on each SIGHUP.
    init(logger: Logger, stop: @escaping @Sendable () -> Void, reload: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "sojourn.signals")
        let registrations = DispatchGroup()
        func on(_ signal: Int32, _ work: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler(handler: work)
            registrations.enter()
            source.setRegistrationHandler { registrations.leave() }
            source.activate()
            return source
        }
        let interrupts = Atomic(0)
        sources = [
            on(SIGTERM, stop),
            on(SIGINT) {
                let count = interrupts.wrappingAdd(1, ordering: .relaxed).newValue
                if count == 1 { return stop() }
                logger.warning(
                    "interrupted again: exiting at once; RabbitMQ redelivers unfinished commands")
                WorkerLogHandler.flush()
                LastWords.end(Self.interrupted)
            },
            on(SIGHUP) {
                logger.info("SIGHUP: re-reading the watched files")
                reload()
            },
        ]
        registrations.wait()
    }
}
