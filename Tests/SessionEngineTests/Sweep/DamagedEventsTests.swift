import SessionStorage
import Testing

@testable import SessionEngine

@Suite("Damaged events")
struct DamagedEventsTests {
    private func entry(_ number: Int) -> OutboxEntry.Reference {
        OutboxEntry.Reference(partition: Partition(number: 7), id: "\(number)-0")
    }

    @Test("each damaged event is reported once, up to a bound")
    func once() {
        var damaged = DamagedEvents()
        #expect((0..<2000).count { damaged.isNew(entry($0)) } == DamagedEvents.maxKnown)
        #expect((0..<2000).allSatisfy { !damaged.isNew(entry($0)) })
    }
}
