import Testing

@testable import WorkerRuntime

@Suite("The watchdog", .timeLimit(.minutes(1)))
struct WatchdogTests {
    @Test("a process that exceeds its time ends with the status given first")
    func deadline() async {
        let (endings, ended) = AsyncStream.makeStream(of: Watchdog.Ending.self)
        let watchdog = Watchdog { ended.yield($0) }
        watchdog.arm(.milliseconds(10), Watchdog.Ending(status: 0, sentence: "drained too long"))
        watchdog.arm(.seconds(3600), Watchdog.Ending(status: 78, sentence: "too late"))
        for await ending in endings {
            #expect(ending.status == 0)
            #expect(ending.sentence == "drained too long")
            return
        }
    }

    @Test("the drain time leaves time for closing and for the last log lines", arguments: [1, 4, 25, 3600])
    func drainTime(seconds: Int) {
        let time = DrainTime(seconds: seconds)
        #expect(.zero < time.lanes && time.lanes < time.process && time.process < time.total)
        #expect(time.total == .seconds(seconds))
    }
}
