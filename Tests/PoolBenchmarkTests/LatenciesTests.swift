import Testing

@testable import PoolBenchmark

@Suite("Latencies")
struct LatenciesTests {
    private static let millisecond: UInt64 = 1_000_000

    @Test("percentiles have three significant digits")
    func percentiles() {
        var latencies = Latencies()
        for value in 1...1000 { latencies.record(UInt64(value) * Self.millisecond) }
        #expect(latencies.count == 1000)
        #expect(abs(latencies.milliseconds(at: 50) - 500) <= 0.5)
        #expect(abs(latencies.milliseconds(at: 99) - 990) <= 1)
        #expect(abs(latencies.max - 1000) <= 1)
    }

    @Test("without values everything is zero")
    func empty() {
        #expect(Latencies().milliseconds(at: 99) == 0)
        #expect(Latencies().mean == 0)
    }

    @Test("a latency beyond the longest is recorded as the longest")
    func longest() {
        var latencies = Latencies()
        latencies.record(.max)
        #expect(latencies.count == 1)
        #expect(abs(latencies.max - 3_600_000) < 3600)
    }

    @Test("the correction adds what clients would have seen during a stall that paused the load")
    func correction() {
        var latencies = Latencies()
        for _ in 0..<99 { latencies.record(Self.millisecond) }
        latencies.record(100 * Self.millisecond)
        // At one command each millisecond, 99 more would have been sent during the stall; they would have waited 99 ms, 98 ms, …
        let corrected = latencies.corrected(expectedInterval: Self.millisecond)
        #expect(corrected.count == 199)
        #expect(latencies.milliseconds(at: 90) < 1.01)
        #expect(corrected.milliseconds(at: 90) > 75)
    }

    @Test("the correction changes nothing without a stall, or for an interval too short to mean anything")
    func noCorrection() {
        var latencies = Latencies()
        for _ in 0..<100 { latencies.record(Self.millisecond) }
        #expect(latencies.corrected(expectedInterval: 2 * Self.millisecond).count == 100)
        #expect(latencies.corrected(expectedInterval: 0).count == 100)
        #expect(latencies.corrected(expectedInterval: 999).count == 100)
    }
}
