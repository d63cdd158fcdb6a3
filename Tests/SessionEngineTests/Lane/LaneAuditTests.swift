import AMQPNIO
import SessionCore
import Testing

@testable import SessionEngine

@Suite("A lane with an audit log")
struct LaneAuditTests {
    private let gone = AMQPError(.connectionClosed, "gone")

    @Test("nothing is published, and no command acknowledged, before it is recorded")
    func order() async throws {
        let scene = LaneScene.serving(isAudited: true)
        scene.deliver([.init(id: "1")])
        try await scene.load()
        try await scene.commit()
        #expect(scene.wanted == ["record"])
        let records = try scene.record()
        #expect(records.map { $0["type"] } == [.string("command"), .string("event")])
        #expect(records.allSatisfy { $0["subject"] == .string("alice") })
        #expect(scene.wanted == ["publish"])
        #expect(scene.acknowledged.isEmpty)
        try scene.publish()
        #expect(scene.acknowledged.map(\.tag) == [1])
    }

    @Test("a rejected, a failed and a repeated command are recorded as such")
    func outcomes() async throws {
        let scene = LaneScene.serving(isAudited: true)
        scene.deliver([
            .init(id: "1"), .init(id: "1"), .init(body: #"{"subject":"bob","policy":"none"}"#, id: "2"),
            .init(body: "{", id: "3"),
        ])
        try await scene.load()
        try await scene.commit()
        // What goes to quarantine is published apart.
        let records = try scene.record() + scene.record()
        let told = records.filter { $0["type"] == .string("command") }.map { record in
            [record["commandId"], record["status"], record["code"], record["repeated"]]
        }
        #expect(
            told == [
                [.string("3"), .string("failed"), .string("malformed_message"), nil],
                [.string("1"), .string("succeeded"), nil, nil],
                [.string("1"), .string("succeeded"), nil, .bool(true)],
                [.string("2"), .string("rejected"), .string("policy_not_found"), nil],
            ])
    }

    @Test("while the log takes nothing, the lane carries out only a few more batches")
    func fullDisk() async throws {
        let scene = LaneScene.serving(isAudited: true)
        for number in 1...LaneState.mostRecordings {
            scene.deliver([.init(id: "\(number)")])
            try await scene.load()
            try await scene.commit()
        }
        scene.deliver([.init(id: "one more")])
        #expect(scene.wanted == Array(repeating: "record", count: LaneState.mostRecordings))
        try scene.record()
        #expect(Set(scene.wanted) == ["record", "publish", "load"])
    }

    @Test("a lane that is lost does not wait for the log, and a late answer has no effect")
    func lost() async throws {
        let scene = LaneScene.serving(isAudited: true)
        scene.deliver([.init(id: "1")])
        try await scene.load()
        try await scene.commit()
        scene.happens(.lost(gone))
        #expect(scene.end != nil)
        try scene.record()
        #expect(!scene.wanted.contains("publish"))
    }

    @Test("a drained lane waits for the log")
    func drained() async throws {
        let scene = LaneScene.serving(isAudited: true)
        scene.deliver([.init(id: "1")])
        try await scene.load()
        try await scene.commit()
        scene.happens(.drain)
        scene.happens(.cancelled)
        #expect(scene.end == nil)
        try scene.record()
        try scene.publish()
        try await scene.clear()
        #expect(scene.end != nil)
    }

    @Test("what a sender gives for an id is repeated only if it is one")
    func misplacedSecrets() async throws {
        let scene = LaneScene.serving(isAudited: true)
        scene.deliver([
            .init(
                command: "factor.confirm", body: #"{"subject":"a","factorId":"JBSWY3DPEHPK3PXP","code":"1"}"#, id: "1"),
            .init(
                command: "session.lock", body: #"{"sessionId":"sjs_secret"}"#,
                id: "sjs_\(String(repeating: "a", count: 60))"),
        ])
        try await scene.load()
        while !scene.wanted.contains("record") { try await scene.commit() }
        for record in try scene.record() {
            #expect(record["factorId"] == nil && record["sessionId"] == nil)
            #expect(record["commandId"] == nil || record["commandId"] == .string("1"))
        }
    }
}
