import NIOCore
import TestSupport
import Testing

@testable import ConnectionSupport

@Suite("The client's life cycle")
struct ClientLifeTests {
    private struct Oops: Error {}
    private typealias Life = ClientLife<String, Int, Oops>

    private let start = NIODeadline.now()

    private func life() -> Life {
        Life(
            backoff: Backoff(initial: .milliseconds(100), maximum: .seconds(10)), generator: SeededRandom(seed: 1))
    }

    private func number(_ answer: Life.Answer) -> Int? { if case .later(let number) = answer { number } else { nil } }

    @Test("waiting callers get the link, and later ones get it at once")
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

    @Test("a failed attempt is only reported to callers that do not wait")
    func failed() throws {
        var life = life()
        _ = life.ask(1, isPatient: true)
        _ = life.ask(2, isPatient: false)
        #expect(life.beginAttempt() == true)
        let given = life.disconnected(because: Oops(), at: start)
        let lost = try #require(given)
        #expect(lost.impatient == [2])
        #expect(lost.nextAttempt <= .milliseconds(100))
        #expect(life.beginAttempt() == true)
        #expect(life.connected("a", at: start) == [1])
    }

    @Test("the backoff grows while connections are lost at once, and is reset by one that lasts")
    func backoff() throws {
        var life = life()
        func lose(after duration: TimeAmount) throws -> Duration {
            #expect(life.beginAttempt() == true)
            _ = life.connected("a", at: start)
            let lost = life.disconnected(because: Oops(), at: start + duration)
            return try #require(lost).nextAttempt
        }
        let short = try (0..<20).map { _ in try lose(after: .seconds(9)) }
        #expect(short.max() ?? .zero > .seconds(1))
        #expect(try lose(after: .seconds(10)) <= .milliseconds(100))
    }

    @Test("a server that stays away is reported once in ten seconds, another reason at once")
    func news() {
        struct Words: Error, CustomStringConvertible { let description: String }
        var life = ClientLife<String, Int, Words>(backoff: Backoff(), generator: SeededRandom(seed: 1))
        func isNews(_ words: String, at seconds: Int64) -> Bool? {
            #expect(life.beginAttempt() == true)
            return life.disconnected(because: Words(description: words), at: start + .seconds(seconds))?.isNews
        }
        #expect(isNews("refused", at: 0) == true)
        #expect(isNews("refused", at: 1) == false)
        #expect(isNews("unknown host", at: 2) == true)
        #expect(isNews("unknown host", at: 11) == false)
        #expect(isNews("unknown host", at: 12) == true)
        #expect(life.beginAttempt() == true)
        _ = life.connected("a", at: start + .seconds(13))
        let lost = life.disconnected(because: Words(description: "unknown host"), at: start + .seconds(14))
        #expect(lost?.isNews == true)
    }

    @Test("by default no pause is longer than a second, so that a server that returns is in use within two")
    func defaultPause() throws {
        var life = Life(backoff: Backoff(), generator: SeededRandom(seed: 1))
        for _ in 0..<100 {
            #expect(life.beginAttempt() == true)
            let lost = life.disconnected(because: Oops(), at: start)
            #expect(try #require(lost).nextAttempt <= .seconds(1))
        }
    }

    @Test("after the shutdown nobody waits, nothing is attempted, and a late link is closed")
    func shutDown() {
        var life = life()
        _ = life.ask(1, isPatient: true)
        #expect(life.beginAttempt() == true)
        #expect(life.shutDown() == [1])
        #expect(life.connected("late", at: start) == nil)
        #expect(life.disconnected(because: Oops(), at: start) == nil)
        #expect(life.beginAttempt() == false)
        guard case .refused(.isShutDown) = life.ask(2, isPatient: true) else {
            return #expect(Bool(false), "somebody waits")
        }
    }

    @Test("a cancelled caller gets nothing, and the number of waiting callers is bounded")
    func waiters() throws {
        var life = life()
        let answer = life.ask(1, isPatient: true)
        let number = try #require(self.number(answer))
        #expect(life.cancel(number) == 1)
        #expect(life.cancel(number) == nil)
        for waiter in 0..<Life.waiterLimit { _ = life.ask(waiter, isPatient: true) }
        guard case .refused(.tooManyWaiters) = life.ask(-1, isPatient: true) else {
            return #expect(Bool(false), "there is no limit")
        }
    }

    @Test("where a loss is expected the next attempt follows at once, and only failed attempts are paused after")
    func expectedLosses() throws {
        var life = Life(
            backoff: Backoff(initial: .milliseconds(100), maximum: .seconds(10)), isLossExpected: true,
            generator: SeededRandom(seed: 1))
        for _ in 0..<20 {
            #expect(life.beginAttempt() == true)
            _ = life.connected("a", at: start)
            let lost = life.disconnected(because: Oops(), at: start)
            #expect(lost?.nextAttempt == .zero)
        }
        #expect(life.beginAttempt() == true)
        let failed = life.disconnected(because: Oops(), at: start)
        #expect(try #require(failed).nextAttempt > .zero)
    }

    @Test("one that is to finish keeps its link, and makes no other attempt once that is lost")
    func finishes() {
        var life = life()
        #expect(life.beginAttempt() == true)
        _ = life.connected("a", at: start)
        #expect(life.finish().isEmpty)
        guard case .link("a") = life.ask(1, isPatient: true) else { return #expect(Bool(false), "the link is gone") }
        #expect(life.disconnected(because: Oops(), at: start) == nil)
        #expect(life.beginAttempt() == false)
    }

    @Test("one that is to finish before it is connected tells those who wait, and does not connect")
    func finishesUnconnected() {
        var life = life()
        #expect(life.beginAttempt() == true)
        _ = life.ask(1, isPatient: true)
        #expect(life.finish() == [1])
        #expect(life.connected("late", at: start) == nil)
    }

    @Test("a link whose connection has ended is given to nobody, even while it is still used")
    func losing() {
        var life = life()
        #expect(life.beginAttempt() == true)
        _ = life.connected("a", at: start)
        life.lost()
        #expect(life.link == nil)
        #expect(number(life.ask(1, isPatient: true)) != nil)
        #expect(life.disconnected(because: Oops(), at: start) != nil)
        #expect(life.beginAttempt() == true)
        #expect(life.connected("b", at: start) == [1])
    }
}
