import Testing

@testable import SessionEngine
@testable import WorkerRuntime

@Suite("What a service manager is told")
struct ServiceManagerTests {
    private typealias Conversation = ServiceManager.Conversation

    private func condition(
        _ status: HealthState.Report.Status, waitingFor: [String: String] = [:], stuck: [String] = []
    ) -> ServiceManager.Condition {
        ServiceManager.Condition(
            health: HealthState.Report(status: status, waitingFor: waitingFor), liveness: Liveness.Report(stuck: stuck))
    }

    @Test("the start may take as long as servers are away, is over once, and the end begins once")
    func life() {
        var conversation = Conversation()
        let waiting = condition(.notReady, waitingFor: ["redis": "connection refused", "rabbitmq": "starting"])
        #expect(
            conversation.next(waiting, hasWatchdog: false) == [
                "EXTEND_TIMEOUT_USEC=30000000", "STATUS=not ready: rabbitmq: starting; redis: connection refused",
            ])
        #expect(conversation.next(waiting, hasWatchdog: false) == ["EXTEND_TIMEOUT_USEC=30000000"])
        #expect(conversation.next(condition(.ready), hasWatchdog: false) == ["READY=1", "STATUS=ready"])
        #expect(conversation.next(condition(.ready), hasWatchdog: false) == [])
        #expect(
            conversation.next(condition(.notReady, waitingFor: ["redis": "lost"]), hasWatchdog: false)
                == ["STATUS=not ready: redis: lost"])
        #expect(conversation.next(condition(.ready), hasWatchdog: false) == ["STATUS=ready"])
        #expect(
            conversation.next(condition(.draining), hasWatchdog: false)
                == ["STOPPING=1", "STATUS=draining: finishing the commands in flight"])
        #expect(conversation.next(condition(.draining), hasWatchdog: false) == [])
    }

    @Test("the watchdog is told that the worker is alive each time, ready or not, unless it is not")
    func watchdog() {
        var conversation = Conversation()
        _ = conversation.next(condition(.ready), hasWatchdog: true)
        #expect(conversation.next(condition(.ready), hasWatchdog: true) == ["WATCHDOG=1"])
        #expect(
            conversation.next(condition(.notReady, waitingFor: ["redis": "lost"]), hasWatchdog: true)
                == ["STATUS=not ready: redis: lost", "WATCHDOG=1"])
        #expect(
            conversation.next(condition(.ready, stuck: ["lane-0"]), hasWatchdog: true)
                == ["STATUS=a part of the worker does not respond any more"])
        #expect(conversation.next(condition(.ready, stuck: ["lane-0"]), hasWatchdog: true) == [])
    }

    @Test("a reason cannot end its line, and is not endless")
    func reasons() {
        var conversation = Conversation()
        let lines = conversation.next(
            condition(.notReady, waitingFor: ["redis": "a\nWATCHDOG=1\r\nb" + String(repeating: "x", count: 9999)]),
            hasWatchdog: false)
        #expect(lines.count == 2)
        #expect(lines[1].hasPrefix("STATUS=not ready: redis: a WATCHDOG=1 b"))
        #expect(lines.allSatisfy { $0.count < 600 && !$0.contains { $0.isNewline } })
    }

    @Test("the watchdog's limit counts only for the process that it is meant for, and if it is a number")
    func limit() {
        func interval(_ microseconds: String?, process: String? = nil) -> Duration? {
            var environment: [String: String] = [:]
            environment["WATCHDOG_USEC"] = microseconds
            environment["WATCHDOG_PID"] = process
            return ServiceManager.watchdogInterval(environment, process: 42)
        }
        #expect(interval("30000000") == .seconds(30))
        #expect(interval("30000000", process: "42") == .seconds(30))
        #expect(interval("30000000", process: "43") == nil)
        #expect(interval("30000000", process: "me") == nil)
        for text in ["", "0", "-1", "soon", "99999999999999999999"] { #expect(interval(text) == nil) }
        #expect(interval(nil) == nil)
    }
}
