import TestSupport
import Testing

@testable import SessionCore

@Suite("Random names")
struct RandomNameTests {
    @Test("every character is as likely as any other, at every place")
    func distribution() {
        var transaction = Scene().transaction(random: 7)
        var counts = [[Character: Int]](repeating: [:], count: 24)
        for _ in 0..<6200 {
            for (place, character) in transaction.makeName(length: 24).enumerated() {
                counts[place][character, default: 0] += 1
            }
        }
        // 100 of each are expected, with a standard deviation of 10.
        for count in counts {
            #expect(count.count == 62)
            #expect(count.values.allSatisfy { (50...150).contains($0) })
        }
    }
}
