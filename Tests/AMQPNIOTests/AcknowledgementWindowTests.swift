import TestSupport
import Testing

@testable import AMQPNIO

@Suite struct AcknowledgementWindowTests {
    @Test("only a contiguous finished prefix is acknowledged")
    func contiguousFinished() {
        var window = AcknowledgementWindow()
        for tag in UInt64(1)...5 { window.add(tag) }
        #expect(window.takeAcknowledgement() == nil)
        window.finish(2)
        #expect(window.takeAcknowledgement() == nil)
        window.finish(1)
        #expect(window.takeAcknowledgement() == 2)
        #expect(window.takeAcknowledgement() == nil)
        window.finish(5)
        window.finish(4)
        #expect(window.unfinishedCount == 1)
        window.finish(3)
        #expect(window.takeAcknowledgement() == 5)
        #expect(window.count == 0)
    }

    @Test("a rejected delivery neither holds back the prefix nor ends one")
    func rejectedDelivery() {
        var window = AcknowledgementWindow()
        for tag in UInt64(1)...3 { window.add(tag) }
        window.remove(1)
        window.finish(2)
        #expect(window.takeAcknowledgement() == 2)
        window.remove(3)
        #expect(window.takeAcknowledgement() == nil)
        #expect(window.count == 0)
    }

    /// Runs against a broker modelled as a set: each acknowledgement names a tag that the broker holds and covers
    /// nothing unfinished, and nothing is left at the end.
    @Test("finishing in random order never acknowledges an unfinished delivery")
    func finishingRandom() {
        for seed in 1...300 {
            var random = SeededRandom(seed: UInt64(seed))
            var window = AcknowledgementWindow(overtakingLimit: 3)
            var held: Set<UInt64> = []
            var unfinished: [UInt64] = []
            var next: UInt64 = 1
            while next < 400 || !unfinished.isEmpty {
                switch Int.random(in: 0..<5, using: &random) {
                case 0 where next < 400:
                    // Gaps occur when other consumers of the channel get tags.
                    next += UInt64.random(in: 1...3, using: &random)
                    window.add(next)
                    held.insert(next)
                    unfinished.append(next)
                case 1 where !unfinished.isEmpty:
                    let tag = unfinished.remove(at: Int.random(in: 0..<unfinished.count, using: &random))
                    if Int.random(in: 0..<8, using: &random) == 0 {
                        window.remove(tag)
                        held.remove(tag)
                    } else {
                        window.finish(tag)
                    }
                case 2:
                    for tag in window.takeOvertaking() {
                        #expect(!unfinished.contains(tag), "seed \(seed)")
                        #expect(held.remove(tag) != nil, "seed \(seed)")
                    }
                default:
                    guard let tag = window.takeAcknowledgement() else { continue }
                    #expect(held.contains(tag), "seed \(seed)")
                    held = held.filter { $0 > tag }
                    #expect(unfinished.allSatisfy { held.contains($0) }, "seed \(seed)")
                }
                #expect(window.unfinishedCount == unfinished.count)
            }
            if let tag = window.takeAcknowledgement() { held = held.filter { $0 > tag } }
            #expect(held.isEmpty, "seed \(seed)")
            #expect(window.count == 0)
        }
    }
}
