import Dispatch
import LogMetadata
import SessionEngine
import Synchronization

/// Ends the process at a deadline, whatever hangs: on a dedicated thread that depends on no event loop, task or foreign
/// lock.
final class Watchdog: Sendable {
    /// How to end the process.
    struct Ending: Sendable {
        let status: Int32
        /// The final message.
        let sentence: String
    }

    private struct Order {
        let deadline: DispatchTime
        let ending: Ending
    }

    private let order = Mutex<Order?>(nil)
    private let given = DispatchSemaphore(value: 0)
    private let end: @Sendable (Ending) -> Void

    /// - Parameter end: called at the deadline.
    init(end: @escaping @Sendable (Ending) -> Void = Watchdog.endProcess) {
        self.end = end
        DedicatedThread.start { [self] in watch() }
    }

    /// Sets the deadline. Only the first call counts.
    func arm(_ time: Duration, _ ending: Ending) {
        let isFirst = order.withLock { order in
            guard order == nil else { return false }
            order = Order(deadline: .now() + .milliseconds(Int(time.wholeMilliseconds)), ending: ending)
            return true
        }
        if isFirst { given.signal() }
    }

    private func watch() {
        given.wait()
        guard let order = order.withLock({ $0 }) else { return }
        // There is no second signal, so this sleeps until the deadline.
        while given.wait(timeout: order.deadline) == .success {}
        end(order.ending)
    }

    private static func endProcess(_ ending: Ending) {
        LastWords.say("sojourn: \(ending.sentence)")
        LastWords.end(ending.status)
    }
}
