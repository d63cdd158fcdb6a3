import Testing

@testable import PoolBenchmark

@Suite("A phase")
struct PhaseRunTests {
    private static let second: UInt64 = 1_000_000_000

    private func request(_ due: PhaseRun.Due, _ run: PhaseRun, sent: UInt64) -> OutstandingRequests.Request {
        OutstandingRequests.Request(
            command: due.command, due: due.moment, sent: sent, isCounted: run.counts(due: due.moment))
    }

    private func due(at moment: UInt64, in run: inout PhaseRun) throws -> PhaseRun.Due {
        let due = run.nextDue(at: moment)
        return try #require(due)
    }

    @Test("what is sent during the warm-up is not measured")
    func warmUp() throws {
        var run = PhaseRun(Phase(.mix(.validate), warmUpSeconds: 1, seconds: 2), now: 0, timeout: Self.second)
        let warmingUp = try due(at: 5, in: &run)
        let early = request(warmingUp, run, sent: 5)
        run.sent(early)
        #expect(run.advance(to: Self.second) == .measurementBegins)
        let measuring = try due(at: Self.second, in: &run)
        let counted = request(measuring, run, sent: Self.second)
        run.sent(counted)
        run.answered(early, .succeeded, at: Self.second + 1)
        run.answered(counted, .succeeded, at: Self.second + 2)
        #expect(run.measurement.total.sent == 1)
        #expect(run.measurement.total.succeeded == 1)
        #expect(run.measurement.arrived == 2)
    }

    @Test("a reply that comes after the measurement's end still counts, but not for the rate")
    func drain() throws {
        var run = PhaseRun(Phase(.mix(.validate), seconds: 1), now: 0, timeout: Self.second)
        #expect(run.advance(to: 0) == .measurementBegins)
        let first = try due(at: 10, in: &run)
        let sent = request(first, run, sent: 10)
        run.sent(sent)
        #expect(run.advance(to: Self.second) == .measurementEnds)
        #expect(run.isOver)
        #expect(run.nextDue(at: Self.second) == nil)
        run.answered(sent, .failed(code: "conflict"), at: Self.second + 5)
        #expect(run.measurement.total.errors == ["conflict": 1])
        #expect(run.measurement.total.latencies.count == 1)
        #expect(run.measurement.arrived == 0)
        #expect(run.measurement.seconds == 1)
    }

    @Test("in an open loop a command that is sent late was due all the same")
    func openLoop() {
        var run = PhaseRun(
            Phase(.mix(.validate), pace: .open(rate: 10), seconds: 1), now: 0, timeout: Self.second)
        _ = run.advance(to: 0)
        let moments = (0..<4).map { _ in run.nextDue(at: 250_000_000)?.moment }
        #expect(moments == [0, 100_000_000, 200_000_000, nil])
    }

    @Test("commands of an open loop that never found a slot count as sent and timed out, with the time they waited")
    func backlog() {
        var run = PhaseRun(
            Phase(.mix(.validate), pace: .open(rate: 10), seconds: 1), now: 0, timeout: Self.second)
        _ = run.advance(to: 0)
        #expect(run.advance(to: Self.second) == .measurementEnds)
        #expect(!run.isOver)
        run.giveUpBacklog(at: 2 * Self.second)
        #expect(run.isOver)
        #expect(run.measurement.unsent == 10)
        #expect(run.measurement.total.sent == 10)
        #expect(run.measurement.total.timedOut == 10)
        #expect(abs(run.measurement.total.latencies.max - 2000) < 2)
    }

    @Test("a postponed command is the next one, with the moment at which it was due in an open loop")
    func postponed() throws {
        for (pace, moment) in [(Phase.Pace.open(rate: 10), 0), (.closed, 7)] as [(Phase.Pace, UInt64)] {
            var run = PhaseRun(Phase(.mix(.day), pace: pace, seconds: 1), now: 0, timeout: Self.second)
            let first = try due(at: 3, in: &run)
            run.postpone(first)
            let again = try due(at: 7, in: &run)
            #expect(again == PhaseRun.Due(command: first.command, moment: moment))
        }
    }

    @Test("a list is worked through once, and then the phase is over")
    func list() {
        var run = PhaseRun(Phase(.cleanUp(subjects: [4, 7]), seconds: 600), now: 0, timeout: Self.second)
        #expect(!run.isOver)
        #expect(
            [run.nextOfList(), run.nextOfList(), run.nextOfList()] == [.revoke(subject: 4), .revoke(subject: 7), nil])
        #expect(run.isOver)
    }

    @Test("a long phase has a bounded number of points")
    func points() {
        var run = PhaseRun(Phase(.mix(.validate), seconds: 3600), now: 0, timeout: Self.second)
        for moment in stride(from: UInt64(0), through: 3600 * Self.second, by: 20_000_000) {
            _ = run.advance(to: moment)
        }
        #expect((100...121).contains(run.measurement.points.count))
    }

    @Test("codes beyond the bound are counted together")
    func codes() {
        var measurement = CommandMeasurement()
        for number in 0..<1000 { measurement.count(.failed(code: "code_\(number)")) }
        #expect(measurement.errors.count == 65)
        #expect(measurement.failed == 1000)
    }
}
