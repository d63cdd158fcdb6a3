import SessionStorage
import Testing

@testable import SessionEngine

@Suite("Events that do not open")
struct DamagedEventsTests {
    private func entry(_ number: Int) -> OutboxEntry.Reference {
        OutboxEntry.Reference(partition: Partition(number: 7), id: "\(number)-0")
    }

    @Test("are told of once each, and no more than are worth telling")
    func once() {
        var damaged = DamagedEvents()
        #expect((0..<2000).count { damaged.isNew(entry($0)) } == DamagedEvents.maxKnown)
        #expect((0..<2000).allSatisfy { !damaged.isNew(entry($0)) })
    }
}
