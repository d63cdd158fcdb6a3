import Logging
import SessionCore
import Testing

@testable import SessionEngine
@testable import SessionStorage

@Suite("A sweep, step by step")
struct SweepPassTests {
    private let partition = Partition(number: 7)
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func left(_ number: Int, _ type: String = "session.created") -> LeftEvent {
        LeftEvent(
            reference: OutboxEntry.Reference(partition: partition, id: "\(number)-0"),
            event: .success(OutgoingEvent(id: "evt_\(number)", type: type, body: [])))
    }

    private func begun(_ pass: inout some SweepPass, _ memory: inout SweepMemory) {
        _ = pass.begin()
        _ = pass.handle(.leased(true), &memory)
    }

    @Test("without the lease nothing is done")
    func leased() {
        var memory = SweepMemory(logger: logger)
        var relay = Relay()
        #expect(relay.begin().word == "lease outbox")
        #expect(relay.handle(.leased(false), &memory).word == "finished")
        var reaper = Reaper()
        #expect(reaper.begin().word == "lease deadlines")
        #expect(reaper.handle(.leased(false), &memory).word == "finished")
    }

    @Test("leftover events are cleared from the outbox once the broker has confirmed them, and no sooner")
    func relayed() {
        var memory = SweepMemory(logger: logger)
        var relay = Relay()
        begun(&relay, &memory)
        #expect(relay.handle(.left([left(1), left(2)]), &memory).word == "publish evt_1 evt_2")
        #expect(relay.handle(.published([nil, nil]), &memory).word == "clear 1-0 2-0")
        #expect(relay.handle(.cleared, &memory).word == "finished")
    }

    @Test("a refused event stays in the outbox, and delays others of its type, but no others")
    func refused() {
        var memory = SweepMemory(logger: logger)
        var relay = Relay()
        begun(&relay, &memory)
        _ = relay.handle(.left([left(1), left(2, "session.revoked")]), &memory)
        #expect(relay.handle(.published([.refused("full"), nil]), &memory).word == "clear 2-0")
        var next = Relay()
        begun(&next, &memory)
        #expect(next.handle(.left([left(1), left(3, "session.revoked")]), &memory).word == "publish evt_3")
    }

    @Test("after a full page, the next one starts after its last entry")
    func pages() {
        var memory = SweepMemory(logger: logger)
        var relay = Relay()
        begun(&relay, &memory)
        _ = relay.handle(.left((1...Relay.batch).map { left($0) }), &memory)
        _ = relay.handle(.published(Array(repeating: nil, count: Relay.batch)), &memory)
        #expect(relay.handle(.cleared, &memory).word == "left after \(Relay.batch)-0")
    }

    @Test("a damaged event blocks nothing, and stays in the outbox")
    func damaged() {
        var memory = SweepMemory(logger: logger)
        var relay = Relay()
        begun(&relay, &memory)
        let damaged = LeftEvent(
            reference: left(1).reference, event: .failure(DamagedRecord(key: "o", reason: "changed")))
        #expect(relay.handle(.left([damaged, left(2)]), &memory).word == "publish evt_2")
        #expect(relay.handle(.published([nil]), &memory).word == "clear 2-0")
    }

    @Test("due deadlines are executed, published and cleared, and postponed if that fails")
    func reaped() throws {
        var memory = SweepMemory(logger: logger)
        var reaper = Reaper()
        begun(&reaper, &memory)
        let sessions = try ["a", "b", "c"].map { letter in
            try #require(SessionID("ses_" + String(repeating: letter, count: SessionID.length - 4)))
        }
        #expect(reaper.handle(.due(sessions), &memory).word == "carry out 3")
        let moment = Timestamp(milliseconds: 0)
        let event = Completion.PendingEvent(
            event: OutgoingEvent(id: "evt_1", type: "session.expired", body: []), reference: left(1).reference)
        let completions = [
            Completion.unanswered(at: moment).with(events: [event]),
            Completion(
                at: moment, result: Completion.unanswered(at: moment).result, resultID: "",
                error: .failed(Failure(.internal, ""))),
            Completion(
                at: moment, result: Completion.unanswered(at: moment).result, resultID: "",
                error: .failed(Failure(.unavailable, ""))),
        ]
        #expect(reaper.handle(.completed(completions), &memory).word == "publish evt_1")
        #expect(reaper.handle(.published([nil]), &memory).word == "clear 1-0")
        #expect(reaper.handle(.cleared, &memory).word == "postpone 1 for 60")
        #expect(reaper.handle(.postponed, &memory).word == "postpone 1 for 3600")
        #expect(reaper.handle(.postponed, &memory).word == "finished")
    }
}

extension SweepStep {
    fileprivate var word: String {
        switch self {
        case .lease(let purpose): "lease \(purpose.rawValue)"
        case .findLeft(let last, _): "left after \(last?.id ?? "")"
        case .findDue: "due"
        case .carryOut(let works): "carry out \(works.count)"
        case .publish(let events): (["publish"] + events.map(\.id)).joined(separator: " ")
        case .clear(let references): (["clear"] + references.map(\.id)).joined(separator: " ")
        case .postpone(let sessions, let seconds): "postpone \(sessions.count) for \(seconds)"
        case .finished: "finished"
        }
    }
}
