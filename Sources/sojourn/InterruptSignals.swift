import Dispatch
import Glibc
import PoolBenchmark
import Synchronization

/// Ctrl-C and SIGTERM: the first asks a command to stop, the second ends the process.
final class InterruptSignals {
    /// Retained for the lifetime of the process: without them a signal would regain its default effect.
    private let sources: [any DispatchSourceSignal]

    /// Returns once neither signal has its default effect any more.
    init(_ interruption: Interruption) {
        let queue = DispatchQueue(label: "sojourn.signals")
        let registrations = DispatchGroup()
        sources = [SIGINT, SIGTERM].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                guard interruption.isRaised else { return interruption.raise() }
                _exit(128 + number)
            }
            registrations.enter()
            source.setRegistrationHandler { registrations.leave() }
            source.activate()
            return source
        }
        registrations.wait()
    }
}
