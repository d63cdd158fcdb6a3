import MetricsTestKit
import Synchronization
import Testing

@testable import SessionEngine

@Suite("Blocked time")
struct BlockedTimeTests {
    private final class Clock: Sendable {
        private let now = Mutex(ContinuousClock.now)

        var time: ContinuousClock.Instant { now.withLock { $0 } }

        func pass(seconds: Int) {
            now.withLock { $0 += .seconds(seconds) }
        }
    }

    private let clock = Clock()
    private let metrics = TestMetrics()
    private let blocked: BlockedTime

    init() {
        let clock = clock
        blocked = BlockedTime(factory: metrics) { clock.time }
    }

    private var seconds: Double {
        get throws { Double(try metrics.expectCounter("sojourn_blocked_seconds_total").totalValue) }
    }

    private var connections: Double? {
        get throws { try metrics.expectGauge("sojourn_blocked_connections").lastValue }
    }

    @Test("time counts from the first connection that is blocked to the last, and only once")
    func overlapping() throws {
        clock.pass(seconds: 5)
        blocked.change(true)
        clock.pass(seconds: 2)
        blocked.change(true)
        #expect(try connections == 2)
        clock.pass(seconds: 3)
        blocked.change(false)
        clock.pass(seconds: 4)
        blocked.change(false)
        clock.pass(seconds: 60)
        blocked.advance()
        #expect(try connections == 0)
        #expect(try seconds == 9)
    }

    @Test("a block that lasts is counted while it lasts")
    func lasting() throws {
        blocked.change(true)
        for second in 1...3 {
            clock.pass(seconds: 1)
            blocked.advance()
            #expect(try seconds == Double(second))
        }
    }
}
