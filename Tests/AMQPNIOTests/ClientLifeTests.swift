import ConnectionSupport
import TestSupport
import Testing

@testable import AMQPNIO

@Suite("The life of a client")
struct ClientLifeTests {
    private typealias Life = ClientLife<String, Int>

    private let oops = AMQPError(.connectFailed, "oops")
    private let start = ContinuousClock.now

    private func life() -> Life {
        Life(
            backoff: Backoff(initial: .milliseconds(100), maximum: .seconds(10)), generator: SeededRandom(seed: 1))
    }

    private func number(_ answer: Life.Answer) -> Int? { if case .later(let number) = answer { number } else { nil } }

    @Test("those who wait get the link, and those who come later have it at once")
    func connected() {
        var life = life()
        let first = life.ask(1, isPatient: true)
        #expect(number(first) != nil)
        #expect(life.beginAttempt() == true)
        let second = life.ask(2, isPatient: false)
        #expect(number(second) != nil)
        let waiters = life.connected("a", at: start)
        #expect(waiters?.sorted() == [1, 2])
        guard case .link("a") = life.ask(3, isPatient: true) else { return #expect(Bool(false), "no link") }
    }

    @Test("a failed attempt is told to the impatient alone")
    func failed() throws {
        var life = life()
        _ = life.ask(1, isPatient: true)
        _ = life.ask(2, isPatient: false)
        #expect(life.beginAttempt() == true)
        let given = life.disconnected(because: oops, at: start)
        let lost = try #require(given)
        #expect(lost.impatient == [2])
        #expect(lost.nextAttempt <= .milliseconds(100))
        #expect(life.beginAttempt() == true)
        #expect(life.connected("a", at: start) == [1])
    }

    @Test("waits grow while connections are lost at once, and begin small again after one that lasted")
    func backoff() throws {
        var life = life()
        func lose(after duration: Duration) throws -> Duration {
            #expect(life.beginAttempt() == true)
            _ = life.connected("a", at: start)
            let lost = life.disconnected(because: oops, at: start + duration)
            return try #require(lost).nextAttempt
        }
        let short = try (0..<20).map { _ in try lose(after: .seconds(9)) }
        #expect(short.max() ?? .zero > .seconds(1))
        #expect(try lose(after: .seconds(10)) <= .milliseconds(100))
    }

    @Test("once it is shut down nobody waits, nothing is tried, and a link that comes late is closed")
    func shutDown() {
        var life = life()
        _ = life.ask(1, isPatient: true)
        #expect(life.beginAttempt() == true)
        #expect(life.shutDown() == [1])
        #expect(life.connected("late", at: start) == nil)
        #expect(life.disconnected(because: oops, at: start) == nil)
        #expect(life.beginAttempt() == false)
        guard case .failure = life.ask(2, isPatient: true) else { return #expect(Bool(false), "somebody waits") }
    }

    @Test("who waits no longer gets nothing, and so many may wait and no more")
    func waiters() throws {
        var life = life()
        let answer = life.ask(1, isPatient: true)
        let number = try #require(self.number(answer))
        #expect(life.cancel(number) == 1)
        #expect(life.cancel(number) == nil)
        for waiter in 0..<Life.waiterLimit { _ = life.ask(waiter, isPatient: true) }
        guard case .failure(let error) = life.ask(-1, isPatient: true) else {
            return #expect(Bool(false), "there is no limit")
        }
        #expect(error.code == .invalidState)
    }
}
