import Testing

@testable import PoolBenchmark

@Suite("Arrival schedule")
struct ArrivalScheduleTests {
    @Test("arrivals are evenly spaced, without an error that adds up")
    func evenlySpaced() {
        let schedule = ArrivalSchedule(start: 1000, rate: 3)
        #expect(schedule.arrival(0) == 1000)
        #expect(schedule.arrival(1) == 333_334_333)
        #expect(schedule.arrival(3) == 1_000_001_000)
        #expect(schedule.arrival(3 * 3600) == 3_600_000_001_000)
    }

    @Test("nothing is due before the start, and the first arrival is due at the start")
    func start() {
        let schedule = ArrivalSchedule(start: 1000, rate: 7)
        #expect(schedule.due(by: 999) == 0)
        #expect(schedule.due(by: 1000) == 1)
    }

    @Test(
        "a command is due exactly from its arrival on, at every rate",
        arguments: [1, 3, 7, 999, 1000, 1001, 33_333, 100_000])
    func due(rate: Int) {
        let schedule = ArrivalSchedule(start: 123_456_789, rate: rate)
        for number in [0, 1, 2, 3, 10, 999, 1000, 1001, 65_537, rate, rate + 1, 3600 * rate] {
            let arrival = schedule.arrival(number)
            #expect(schedule.due(by: arrival) == number + 1)
            if number > 0 { #expect(schedule.due(by: arrival - 1) == number) }
        }
    }
}
