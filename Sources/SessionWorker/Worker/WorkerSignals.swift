import Dispatch
import Foundation
import Logging
import Synchronization

/// What a worker does about signals, handled on a queue of its own, so that they are heard when everything else hangs.
///
/// - SIGTERM, SIGINT: the worker drains.
/// - SIGINT again: whoever presses Ctrl-C twice does not want to wait, and the process ends at once. Nothing is lost by
///   that; what was taken and not acknowledged is delivered again.
/// - SIGHUP: the watched files are read again. It never ends a worker, also not one that drains.
final class WorkerSignals {
    /// As a shell has it: 128 and the number of the signal.
    private static let interrupted = 128 + SIGINT

    /// Kept for as long as the process lives: without them a signal would have its default effect again.
    private let sources: [any DispatchSourceSignal]

    /// Returns once no signal has its default effect any more.
    ///
    /// - Parameters:
    ///   - stop: told of the first SIGTERM or SIGINT.
    ///   - reload: told of each SIGHUP.
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
                    "interrupted again: the worker ends at once, and RabbitMQ delivers again what it had not finished")
                WorkerLogHandler.flush()
                LastWords.end(Self.interrupted)
            },
            on(SIGHUP) {
                logger.info("SIGHUP: the watched files are read again")
                reload()
            },
        ]
        registrations.wait()
    }
}
