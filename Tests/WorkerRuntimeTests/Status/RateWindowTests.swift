import Testing

@testable import WorkerRuntime

@Suite("The rates of the last minute")
struct RateWindowTests {
    private let begin = ContinuousClock.now
    private let window = RateWindow(bounds: [1, 2, 4])

    private func sample(
        _ seconds: Int, commands: Double = 0, refused: Double = 0, buckets: [UInt64] = [0, 0, 0, 0]
    ) -> RateWindow.Sample {
        RateWindow.Sample(at: begin + .seconds(seconds), commands: commands, refused: refused, buckets: buckets)
    }

    @Test("rates are differences to the oldest sample, which is a minute old at most")
    func rates() throws {
        #expect(window.rates(until: sample(1)) == nil)
        for step in 0...20 { window.add(sample(step * 5, commands: Double(step * 50), refused: Double(step * 5))) }
        let rates = try #require(window.rates(until: sample(101, commands: 1630, refused: 100)))
        #expect(rates.seconds == 61)
        #expect(rates.commandsPerSecond == (1630.0 - 400) / 61)
        #expect(rates.refusedPerSecond == (100.0 - 40) / 61)
        #expect(rates.median == nil)
    }

    @Test("percentiles are of what was answered since the oldest sample, as Prometheus computes them")
    func percentiles() throws {
        window.add(sample(0, buckets: [1000, 0, 0, 0]))
        let rates = try #require(window.rates(until: sample(1, buckets: [1000, 50, 45, 5])))
        #expect(rates.median == 2)
        #expect(rates.p95 == 4)
        #expect(rates.p99 == 4, "beyond the last bound nothing is known")
        let half = try #require(window.rates(until: sample(1, buckets: [1000, 100, 0, 0])))
        #expect(half.median == 1.5)
    }

    @Test("the first answers count from nothing")
    func first() throws {
        window.add(sample(0, buckets: []))
        #expect(try #require(window.rates(until: sample(1, buckets: [10, 0, 0, 0]))).median == 0.5)
    }
}
