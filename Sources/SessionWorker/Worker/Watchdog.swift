import Dispatch
import Foundation
import Synchronization

/// Ends the process when its time is over, whatever hangs: a thread of its own that needs no event loop, no task and no
/// lock of anybody else.
final class Watchdog: Sendable {
    /// How the process ends when it has to be ended.
    struct Ending: Sendable {
        let status: Int32
        /// What is said then.
        let sentence: String
    }

    private struct Order {
        let deadline: DispatchTime
        let ending: Ending
    }

    private let order = Mutex<Order?>(nil)
    private let given = DispatchSemaphore(value: 0)
    private let end: @Sendable (Ending) -> Void

    /// - Parameter end: what to do at the deadline.
    init(end: @escaping @Sendable (Ending) -> Void = Watchdog.endProcess) {
        self.end = end
        Thread.detachNewThread { [self] in watch() }
    }

    /// From now on the process has this long. What is asked for first holds.
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
        // Nobody signals a second time: this is a sleep until the deadline.
        while given.wait(timeout: order.deadline) == .success {}
        end(order.ending)
    }

    private static func endProcess(_ ending: Ending) {
        LastWords.say("sojourn: \(ending.sentence)")
        LastWords.end(ending.status)
    }
}
