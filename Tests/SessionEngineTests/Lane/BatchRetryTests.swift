import NIOCore
import SessionStorage
import TestSupport
import Testing

@testable import SessionEngine

@Suite("Retrying a batch")
struct BatchRetryTests {
    private let begin = NIODeadline.uptimeNanoseconds(0)
    private let away = StoreError("gone", .away, mayHaveHappened: false)
    private let refused = StoreError("no", .refused, mayHaveHappened: true)

    private func steps(
        _ failures: [StoreError], of count: Int = 10, isApart: Bool = false, secondsBetween seconds: Int64 = 0
    ) -> [BatchRetry.Step] {
        var retry = BatchRetry(begin: begin, isApart: isApart)
        var random = SeededRandom(seed: 1)
        return failures.enumerated().map { index, failure in
            retry.next(
                after: failure, of: count, now: begin + .seconds(seconds * Int64(index + 1)), using: &random)
        }
    }

    @Test("an unreachable store is retried, and after a minute the commands fail as unavailable")
    func storeIsAway() {
        let steps = steps(Array(repeating: away, count: 4), secondsBetween: 20)
        for step in steps.dropLast() { #expect(step.isWait) }
        #expect(steps.last == .unavailable)
    }

    @Test("commands that may have had an effect never fail as unavailable")
    func mayHaveHappened() {
        let unsure = StoreError("gone in the middle", .away, mayHaveHappened: true)
        for step in steps([unsure] + Array(repeating: away, count: 9), secondsBetween: 30) { #expect(step.isWait) }
    }

    @Test("a batch that the store refuses is retried in halves, down to a command that is given up")
    func storeRefuses() {
        #expect(steps(Array(repeating: refused, count: 3)).last == .halves)
        let single = steps(Array(repeating: refused, count: 8), of: 1, isApart: true)
        #expect(single.last == .giveUp)
        for step in single.dropLast() { #expect(step.isWait) }
    }

    @Test(
        "commands that need an unknown key are retried alongside later batches, with growing pauses, for some seconds")
    func keyUnknown() {
        let unknown = StoreError("no key", .keyUnknown, mayHaveHappened: false)
        guard case .apart = steps([unknown])[0] else {
            Issue.record("others wait for a key that they do not need")
            return
        }
        let steps = steps(Array(repeating: unknown, count: 7), isApart: true, secondsBetween: 2)
        for step in steps { #expect(step.isWait) }
        #expect(self.steps(Array(repeating: unknown, count: 8), isApart: true, secondsBetween: 2).last == .unavailable)
    }

    @Test("a request that the store refuses does not hold up later batches")
    func refusedApart() {
        guard case .apart = steps([refused])[0] else {
            Issue.record("later batches wait for what cannot be carried out")
            return
        }
    }

    @Test("refused writes are retried alongside later batches, in their own time")
    func writesRefused() {
        let full = StoreError("OOM", .writesRefused, mayHaveHappened: false)
        guard case .apart = steps([full])[0] else {
            Issue.record("reads wait for what cannot be written")
            return
        }
        #expect(steps([full], isApart: true)[0].isWait)
    }
}

extension BatchRetry.Step {
    fileprivate var isWait: Bool {
        if case .again = self { true } else { false }
    }
}
