import AMQPConnection
import SessionContract
import SessionCore
import Testing

@testable import SessionWorker

@Suite("What a lane does next")
struct LaneBacklogTests {
    private func item(_ name: String, _ queue: Topology.CommandQueue = .validate, bytes: Int = 0) -> LaneItem {
        LaneItem(
            queue: queue,
            delivery: AMQPDelivery(
                consumerTag: "", deliveryTag: 1, redelivered: false, exchange: "", routingKey: name,
                properties: AMQPProperties(), body: Array(repeating: 0, count: bytes), bodySize: 0),
            work: Work(name: nil, content: .unreadable(.init(.malformedMessage, ""))))
    }

    private func backlog(_ limits: LaneBacklog.Limits = LaneBacklog.Limits(heldBytes: 1 << 20)) -> LaneBacklog {
        LaneBacklog(of: [.validate, .manage], limits: limits)
    }

    private func names(_ batch: LaneBacklog.Batch?) -> [String] {
        switch batch {
        case .shared(let items), .apart(let items): items.map(\.delivery.routingKey)
        case nil: []
        }
    }

    @Test("takes what was put back first, then the queues in their order")
    func order() {
        var backlog = backlog()
        backlog.add([item("m", .manage)], from: .manage)
        backlog.add([item("v")], from: .validate)
        backlog.putBack(again: [item("again")], apart: [])
        #expect(names(backlog.next { true }) == ["again", "v", "m"])
        #expect(names(backlog.next { true }).isEmpty)
        #expect(backlog.isEmpty)
    }

    @Test("large subjects and the others take turns, and neither waits for the other to run out")
    func turns() {
        var limits = LaneBacklog.Limits(heldBytes: 1 << 20)
        (limits.batch, limits.batchApart) = (1, 1)
        var backlog = backlog(limits)
        backlog.add([item("a"), item("b"), item("c")], from: .validate)
        backlog.putBack(again: [], apart: [item("L1"), item("L2")])
        var taken: [String] = []
        while let batch = backlog.next(mayGoApart: { true }) { taken += names(batch) }
        #expect(taken == ["a", "L1", "b", "L2", "c"])
    }

    @Test("a large subject whose turn it is not elsewhere holds up nobody")
    func gateIsTaken() {
        var backlog = backlog()
        backlog.putBack(again: [], apart: [item("L")])
        #expect(names(backlog.next { false }).isEmpty)
        backlog.add([item("a")], from: .validate)
        #expect(names(backlog.next { false }) == ["a"])
        #expect(names(backlog.next { true }) == ["L"])
    }

    @Test("nothing is begun while too many results wait for the broker")
    func outgoingIsBounded() {
        var backlog = backlog()
        backlog.add([item("a")], from: .validate)
        backlog.beginPublishing(9 << 20)
        #expect(names(backlog.next { true }).isEmpty)
        backlog.endPublishing(9 << 20)
        #expect(names(backlog.next { true }) == ["a"])
    }

    @Test("is full when it holds too much, headers and all, until half of it is finished")
    func held() {
        var backlog = backlog(LaneBacklog.Limits(heldBytes: 100_000))
        let items = (0..<3).map { item("\($0)", bytes: 40_000) }
        backlog.add(items, from: .validate)
        #expect(backlog.isFull)
        backlog.finish([items[0]])
        #expect(backlog.isFull, "it would go on and off with every command")
        backlog.finish([items[1]])
        #expect(!backlog.isFull)
        backlog.finish([items[2]])
        #expect(backlog.heldBytes == 0)
    }

    @Test("a batch has no more bodies than its limit, but always one")
    func batchBytes() {
        var limits = LaneBacklog.Limits(heldBytes: 1 << 30)
        limits.batchBytes = 1000
        var backlog = backlog(limits)
        backlog.add([item("huge", bytes: 5000), item("a", bytes: 600), item("b", bytes: 600)], from: .validate)
        #expect(names(backlog.next { true }) == ["huge"])
        #expect(names(backlog.next { true }) == ["a"])
        #expect(names(backlog.next { true }) == ["b"])
    }
}
