import AMQPNIO
import NIOCore
import SessionContract
import SessionCore
import Testing

@testable import SessionEngine

@Suite("A lane's backlog")
struct LaneBacklogTests {
    private func item(
        _ name: String, _ queue: Topology.CommandQueue = .validate, bytes: Int = 0, tag: UInt64 = 1
    ) -> LaneItem {
        LaneItem(
            queue: queue,
            delivery: AMQPDelivery(
                consumerTag: "", deliveryTag: tag, redelivered: false, exchange: "", routingKey: name,
                properties: AMQPProperties(), body: Array(repeating: 0, count: bytes), bodySize: 0),
            work: Work(name: nil, content: .unreadable(.init(.malformedMessage, ""))),
            receivedAt: Timestamp(milliseconds: 0), arrivedAt: .uptimeNanoseconds(0))
    }

    private func items(_ names: String..., bytes: Int = 0) -> [LaneItem] {
        names.enumerated().map { item($1, bytes: bytes, tag: UInt64($0 + 1)) }
    }

    private func backlog(_ limits: LaneBacklog.Limits = LaneBacklog.Limits(heldBytes: 1 << 20)) -> LaneBacklog {
        LaneBacklog(of: [.validate, .manage], limits: limits)
    }

    /// The names of the next batch, which is removed from the backlog.
    private func next(_ backlog: inout LaneBacklog, mayGoApart: Bool = true) -> [String] {
        switch backlog.next(mayGoApart: mayGoApart) {
        case .shared: backlog.takeShared().items.map(\.delivery.routingKey)
        case .apart: backlog.takeApart().items.map(\.delivery.routingKey)
        case nil: []
        }
    }

    /// Executes everything in the backlog once, and puts it back for the given turn.
    private func putBack(_ items: [LaneItem], _ turn: LaneBacklog.Turn, _ backlog: inout LaneBacklog) {
        backlog.add(items, from: .manage)
        backlog.putBack(backlog.takeShared(), turn)
    }

    @Test("deliveries put back are taken first, then the queues in their order")
    func order() {
        var backlog = backlog()
        putBack([item("again", .manage)], .shared, &backlog)
        backlog.add([item("m", .manage, tag: 2)], from: .manage)
        backlog.add([item("v")], from: .validate)
        #expect(next(&backlog) == ["again", "v", "m"])
        #expect(next(&backlog).isEmpty)
        #expect(backlog.isEmpty)
    }

    @Test("large subjects and others take turns, and neither waits for the other to run out")
    func turns() {
        var limits = LaneBacklog.Limits(heldBytes: 1 << 20)
        (limits.batch, limits.batchApart) = (1, 1)
        var backlog = backlog(limits)
        backlog.add([item("L1", .manage), item("L2", .manage, tag: 2)], from: .manage)
        backlog.putBack(backlog.takeShared(), .apart)
        backlog.putBack(backlog.takeShared(), .apart)
        backlog.add(items("a", "b", "c"), from: .validate)
        var taken: [String] = []
        while !backlog.isEmpty { taken += next(&backlog) }
        #expect(taken == ["L1", "a", "L2", "b", "c"])
    }

    @Test("a large subject that waits for the gate blocks nobody")
    func gateIsTaken() {
        var backlog = backlog()
        putBack([item("L", .manage)], .apart, &backlog)
        #expect(next(&backlog, mayGoApart: false).isEmpty)
        backlog.add([item("a")], from: .validate)
        #expect(next(&backlog, mayGoApart: false) == ["a"])
        #expect(next(&backlog) == ["L"])
    }

    @Test("no batch begins while too many results wait for the broker")
    func outgoingIsBounded() {
        var backlog = backlog()
        backlog.add([item("a")], from: .validate)
        backlog.beginPublishing(9 << 20)
        #expect(next(&backlog).isEmpty)
        backlog.endPublishing(9 << 20)
        #expect(next(&backlog) == ["a"])
    }

    @Test("reading pauses at the in-flight limit, headers included, until half of it is finished")
    func held() throws {
        var limits = LaneBacklog.Limits(heldBytes: 100_000)
        limits.batch = 1
        var backlog = backlog(limits)
        backlog.add(items("0", "1", "2", bytes: 40_000), from: .validate)
        #expect(backlog.isFull)
        try finishNext(of: &backlog)
        #expect(backlog.isFull, "it would go on and off with every command")
        try finishNext(of: &backlog)
        #expect(!backlog.isFull)
        try finishNext(of: &backlog)
        #expect(backlog.heldBytes == 0)
    }

    @Test("a batch has at most its limit of body bytes, but always one command")
    func batchBytes() {
        var limits = LaneBacklog.Limits(heldBytes: 1 << 30)
        limits.batchBytes = 1000
        var backlog = backlog(limits)
        let items = [item("huge", bytes: 5000), item("a", bytes: 600, tag: 2), item("b", bytes: 600, tag: 3)]
        backlog.add(items, from: .validate)
        #expect(next(&backlog) == ["huge"])
        #expect(next(&backlog) == ["a"])
        #expect(next(&backlog) == ["b"])
    }

    @Test("finished deliveries are acknowledged together, and none after an unfinished one")
    func acknowledgements() throws {
        var limits = LaneBacklog.Limits(heldBytes: 1 << 20)
        limits.batch = 2
        var backlog = backlog(limits)
        backlog.add(items("a", "b", "c"), from: .validate)
        let first = backlog.takeShared()
        #expect(try finishNext(of: &backlog) == [], "the two before it are not finished")
        #expect(
            try finish(first, of: &backlog) == [LaneAcknowledgement(queue: .validate, tag: 3, multiple: true)])
    }

    @discardableResult
    private func finishNext(of backlog: inout LaneBacklog) throws -> [LaneAcknowledgement] {
        try finish(backlog.takeShared(), of: &backlog)
    }

    private func finish(
        _ batch: consuming UnacknowledgedBatch, of backlog: inout LaneBacklog
    ) throws -> [LaneAcknowledgement] {
        let publication = Publication(OutgoingBatch(), of: batch, id: PublicationID(number: 1))
        var refused = RefusedMessages()
        var random = SystemRandomNumberGenerator()
        switch publication.settle([], isChannelOpen: true, refused: &refused, using: &random) {
        case .confirmed(let batch, let confirmation, _):
            return backlog.acknowledge(batch, with: confirmation).acknowledgements
        case .again: throw NotConfirmed()
        case .failed(let error): throw error
        }
    }

    private struct NotConfirmed: Error {}
}
