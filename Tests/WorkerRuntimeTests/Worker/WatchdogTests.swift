import Testing

@testable import WorkerRuntime

@Suite("The end of a process", .timeLimit(.minutes(1)))
struct WatchdogTests {
    @Test("Past its time a process ends, and as it was said first")
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

    @Test("The time to drain leaves some for closing, and some for the last words", arguments: [1, 4, 25, 3600])
    func drainTime(seconds: Int) {
        let time = DrainTime(seconds: seconds)
        #expect(.zero < time.lanes && time.lanes < time.process && time.process < time.total)
        #expect(time.total == .seconds(seconds))
    }
}
