import Dispatch
import LogMetadata
package import Logging
import Metrics
package import NIOCore
import Synchronization

/// Whether the process still works. Only that: a server that is away, a full queue or a wrong file are matters of
/// readiness, because a restart would not help.
///
/// Every event loop, and the threads that run tasks, count a beat each second; a thread of its own, which depends on
/// neither, looks whether they do. A part that does not respond for half a minute is stuck for good: no batch, file or
/// server holds up an event loop for long.
package final class Liveness: Sendable {
    /// Between two beats, and between two looks.
    private let interval: Duration
    private static let patience = 30
    /// The name of the threads that run tasks, beside the event loops'.
    static let tasks = "tasks"

    private let counts = Mutex<[String: Count]>([:])
    private let state = Mutex(Report())
    private let end = DispatchSemaphore(value: 0)
    private let gauge = Gauge(label: "sojourn_alive")
    private let logger: Logger
    private let onLook: @Sendable ([String]) -> Void

    /// Whether the worker is alive, and if not, why.
    package struct Report: Hashable, Sendable {
        /// The parts that have stopped responding, as of the last look.
        package var stuck: [String] = []
        /// Whether the lanes have ended: nothing is consumed any more.
        package var haveLanesEnded = false

        package var isAlive: Bool { stuck.isEmpty && !haveLanesEnded }
    }

    private final class Count: Sendable {
        let beats = Atomic<UInt64>(0)
    }

    /// - Parameter onLook: called after each look, with the parts that are stuck.
    package init(
        interval: Duration = .seconds(1), logger: Logger, onLook: @escaping @Sendable ([String]) -> Void = { _ in }
    ) {
        self.interval = interval
        self.logger = logger
        self.onLook = onLook
        gauge.record(1)
    }

    package var report: Report { state.withLock { $0 } }

    func lanesHaveEnded() {
        state.withLock { $0.haveLanesEnded = true }
    }

    /// Watches an event loop for as long as it runs.
    package func watch(_ name: String, on eventLoop: any EventLoop) {
        let count = count(of: name)
        eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: TimeAmount(interval)) { _ in
            count.beats.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// Watches the threads that run tasks, until the task is cancelled.
    func watchTasks() async {
        let count = count(of: Self.tasks)
        while (try? await Task.sleep(for: interval)) != nil { count.beats.wrappingAdd(1, ordering: .relaxed) }
        counts.withLock { $0[Self.tasks] = nil }
    }

    /// Looks until ``stop()``.
    package func start() {
        DedicatedThread.start { [self] in
            var heartbeats = Heartbeats(patience: Self.patience)
            while end.wait(timeout: .now() + .milliseconds(Int(interval.wholeMilliseconds))) == .timedOut {
                look(&heartbeats)
            }
        }
    }

    package func stop() {
        end.signal()
    }

    private func look(_ heartbeats: inout Heartbeats) {
        let beats = counts.withLock { $0.mapValues { $0.beats.load(ordering: .relaxed) } }
        let stuck = heartbeats.look(at: beats)
        let before = state.withLock { state in
            defer { state.stuck = stuck }
            return state.stuck
        }
        if stuck != before { tell(stuck) }
        onLook(stuck)
    }

    private func tell(_ stuck: [String]) {
        gauge.record(stuck.isEmpty ? 1 : 0)
        if stuck.isEmpty {
            logger.notice("all parts of the worker respond again")
        } else {
            logger.critical(
                "a part of the worker does not respond any more: restart it", metadata: [LogKey.names: "\(stuck)"])
        }
    }

    private func count(of name: String) -> Count {
        let count = Count()
        counts.withLock { $0[name] = count }
        return count
    }
}
