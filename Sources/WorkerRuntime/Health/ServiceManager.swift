import Dispatch
import Glibc
import LogMetadata
import Logging
import SessionEngine
import Synchronization

/// Tells the service manager, which is systemd or speaks its protocol (sd_notify(3)), how the worker is:
///
/// - `READY=1` once the worker is ready for the first time. Until then the start is given more time, because a worker waits
///   for its servers as long as it takes.
/// - `STATUS=` what it waits for.
/// - `WATCHDOG=1` while it is alive, as in `/livez`, if the service manager has asked for that.
/// - `STOPPING=1` when it begins to drain.
///
/// A thread of its own sends it all, so that nothing else can hold up the watchdog, or keep it going.
final class ServiceManager: Sendable {
    /// How a worker is.
    struct Condition: Sendable {
        var health: HealthState.Report
        var liveness: Liveness.Report
    }

    /// What the service manager was told last. A value: it decides what to tell next.
    struct Conversation {
        private var hasSaidReady = false
        private var hasSaidStopping = false
        private var lastStatus = ""
        /// How much longer the start may take, in microseconds: several times the interval between two messages.
        private static let extraMicroseconds = 30_000_000

        /// - Parameter hasWatchdog: whether the watchdog is to be told that all is well.
        /// - Returns: the assignments to send; empty if there is nothing to say.
        mutating func next(_ condition: Condition, hasWatchdog: Bool) -> [String] {
            var lines: [String] = []
            switch condition.health.status {
            case .ready where !hasSaidReady:
                hasSaidReady = true
                lines.append("READY=1")
            case .ready: break
            case .notReady where !hasSaidReady: lines.append("EXTEND_TIMEOUT_USEC=\(Self.extraMicroseconds)")
            case .notReady: break
            case .draining where !hasSaidStopping:
                hasSaidStopping = true
                lines.append("STOPPING=1")
            case .draining: break
            }
            let status = Self.status(of: condition)
            if status != lastStatus {
                lastStatus = status
                lines.append("STATUS=\(status)")
            }
            if hasWatchdog, condition.liveness.isAlive { lines.append("WATCHDOG=1") }
            return lines
        }

        /// One line: an assignment ends with its line.
        private static func status(of condition: Condition) -> String {
            guard condition.liveness.stuck.isEmpty else { return "a part of the worker does not respond any more" }
            switch condition.health.status {
            case .ready: return "ready"
            case .draining: return "draining: finishing the commands in flight"
            case .notReady:
                let reasons = condition.health.waitingFor.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                let text = "not ready: " + reasons.joined(separator: "; ")
                return String(text.prefix(mostCharacters).map { $0.isNewline ? " " : $0 })
            }
        }

        private static let mostCharacters = 500
    }

    private let socket: NotifySocket
    private let hasWatchdog: Bool
    private let interval: Duration
    private let condition: @Sendable () -> Condition
    private let end = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter environment: of the process.
    /// - Returns: `nil` if there is no service manager that wants to be told.
    init?(
        environment: [String: String], process: Int32 = getpid(), logger: Logger,
        condition: @escaping @Sendable () -> Condition
    ) {
        guard let name = environment["NOTIFY_SOCKET"], !name.isEmpty else { return nil }
        guard let socket = NotifySocket(name) else {
            logger.warning(
                "NOTIFY_SOCKET is neither a path nor an abstract name: the service manager is not notified",
                metadata: [LogKey.address: "\(name)"])
            return nil
        }
        self.socket = socket
        self.condition = condition
        let watchdog = Self.watchdogInterval(environment, process: process)
        hasWatchdog = watchdog != nil
        // Half of the limit, as sd_watchdog_enabled(3) recommends, and often enough for a status.
        interval = max(.milliseconds(10), min(watchdog.map { $0 / 2 } ?? .seconds(1), .seconds(1)))
    }

    /// The time between two signs of life that the service manager allows; `nil` if it expects none of this process.
    static func watchdogInterval(_ environment: [String: String], process: Int32) -> Duration? {
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init), microseconds > 0 else { return nil }
        if let other = environment["WATCHDOG_PID"], Int32(other) != process { return nil }
        return .microseconds(microseconds)
    }

    func start() {
        DedicatedThread.start { [self] in
            var conversation = Conversation()
            let pause = DispatchTimeInterval.milliseconds(Int(interval.wholeMilliseconds))
            repeat { tell(&conversation) } while end.wait(timeout: .now() + pause) == .timedOut
            // What changed last: the worker drains.
            tell(&conversation)
            ended.signal()
        }
    }

    /// Says what is still to be said, and returns.
    func stop() {
        end.signal()
        ended.wait()
    }

    private func tell(_ conversation: inout Conversation) {
        var next = conversation
        let lines = next.next(condition(), hasWatchdog: hasWatchdog)
        // What could not be sent is said again.
        if lines.isEmpty || socket.send(lines) { conversation = next }
    }
}
