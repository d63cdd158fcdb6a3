import TestSupport
import Testing

@testable import ConnectionSupport

@Suite("The backoff")
struct BackoffTests {
    @Test("the ceiling doubles up to the maximum, for any number of attempts")
    func ceilings() {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1))
        var generator = SeededRandom(seed: 1)
        var ceilings: [Duration] = []
        for _ in 0..<10_000 {
            ceilings.append(backoff.ceiling)
            _ = backoff.next(using: &generator)
        }
        #expect(Array(ceilings.prefix(6)) == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
        #expect(ceilings.dropFirst(4).allSatisfy { $0 == .seconds(1) })
    }

    @Test("each wait is drawn from the whole range below the ceiling")
    func jitter() {
        var generator = SeededRandom(seed: 2)
        var waits: [Double] = []
        for _ in 0..<4000 {
            var backoff = Backoff(initial: .seconds(1), maximum: .seconds(60))
            waits.append(backoff.next(using: &generator) / .seconds(1))
        }
        #expect(waits.allSatisfy { (0...1).contains($0) })
        for tenth in 0..<10 {
            let share = waits.count { Int($0 * 10) == tenth }
            #expect((300...500).contains(share), "a tenth of the range holds about a tenth of the waits")
        }
    }

    @Test("no wait exceeds the ceiling", arguments: [1, 3, 7, 1000])
    func bounded(initial: Int) {
        var backoff = Backoff(initial: .milliseconds(initial), maximum: .seconds(3))
        var generator = SeededRandom(seed: UInt64(initial))
        for _ in 0..<100 {
            let ceiling = backoff.ceiling
            let wait = backoff.next(using: &generator)
            #expect(wait >= .zero && wait <= ceiling && ceiling <= .seconds(3))
        }
    }

    @Test("a reset starts over")
    func reset() {
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(100))
        var generator = SeededRandom(seed: 3)
        for _ in 0..<5 { _ = backoff.next(using: &generator) }
        #expect(backoff.ceiling == .seconds(32))
        backoff.reset()
        #expect(backoff == Backoff(initial: .seconds(1), maximum: .seconds(100)))
    }

    @Test("a maximum equal to the initial wait is never exceeded")
    func constant() {
        var backoff = Backoff(initial: .seconds(2), maximum: .seconds(2))
        var generator = SeededRandom(seed: 4)
        for _ in 0..<5 {
            #expect(backoff.ceiling == .seconds(2))
            _ = backoff.next(using: &generator)
        }
    }
}
