import AMQPNIO
import SessionContract
import SessionStorage
import Testing

@testable import SessionEngine

@Suite("A lane and records that it cannot read yet")
struct LaneRecordTests {
    // MARK: - Unknown keys

    @Test("a command whose record has an unknown key waits for it, and others do not wait for that command")
    func keyUnknown() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try scene.loadUnreadable(.keyUnknown)
        scene.deliver([.init(body: #"{"subject":"bob"}"#, id: "2")])
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        #expect(scene.acknowledged.map(\.tag) == [], "one acknowledgement covers the first as well")
        try scene.fireTimer()
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        #expect(scene.acknowledged.map(\.tag) == [2])
    }

    @Test("a key that never comes makes its commands unavailable")
    func keyNeverComes() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try scene.loadUnreadable(.keyUnknown)
        scene.pass(seconds: 16)
        try scene.fireTimer()
        try scene.loadUnreadable(.keyUnknown)
        try scene.publish()
        #expect(scene.published.map(\.routingKey) == ["session.create.failed"])
        #expect(scene.acknowledged.map(\.tag) == [1])
    }

    @Test("only a bounded number of commands waits for keys")
    func keyUnknownForMany() async throws {
        let scene = LaneScene.serving()
        scene.deliver((1...129).map { .init(body: #"{"subject":"s\#($0)"}"#, id: "\($0)") })
        while scene.wanted == ["load"] { try scene.loadUnreadable(.keyUnknown) }
        try scene.publish()
        #expect(scene.acknowledged.map(\.tag) == [129])
    }

    @Test("commands that may have had an effect wait for keys, however many they are")
    func keyUnknownAfterUncertainty() async throws {
        let scene = LaneScene.serving()
        scene.deliver((1...129).map { .init(body: #"{"subject":"s\#($0)"}"#, id: "\($0)") })
        try scene.failToLoad(StoreError("the connection was lost", .away, mayHaveHappened: true))
        try scene.fireTimer()
        while scene.wanted == ["load"] { try scene.loadUnreadable(.keyUnknown) }
        #expect(scene.wanted == ["timer"])
    }

    // MARK: - Later versions

    @Test("a command for a later version goes back to its queue after a pause, and holds up nothing")
    func laterCommand() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1", headers: ["sojourn-version": .int64(2)]), .init(id: "2")])
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        #expect(scene.settled == [])
        try scene.fireTimer()
        try await scene.load()
        // In this order: the acknowledgement would cover what is put back.
        #expect(scene.settled == ["back 1", "acknowledged 2"])
        #expect(scene.published.map(\.properties.correlationID) == ["2", nil], "a result and its event")
    }

    @Test("a command that needs a record of a later version goes back to its queue")
    func laterRecord() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try scene.loadUnreadable(.laterVersion)
        scene.deliver([.init(body: #"{"subject":"bob"}"#, id: "2")])
        try await scene.load()
        try scene.fireTimer()
        try scene.loadUnreadable(.laterVersion)
        #expect(scene.settled == ["back 1"])
        #expect(scene.published.isEmpty)
    }

    @Test("a command that was put back often is answered, for there is no such worker")
    func nobodyKnows() async throws {
        let scene = LaneScene.serving()
        let often: AMQPTable = ["sojourn-version": .int64(2), "x-delivery-count": .int64(15)]
        scene.deliver([.init(id: "1", isRedelivered: true, headers: often)])
        try await scene.load()
        try scene.fireTimer()
        try await scene.load()
        try scene.publish()
        #expect(scene.settled == ["acknowledged 1"])
        #expect(scene.published.first?.routingKey == "session.create.failed")
    }

    @Test("a classic queue does not count, so a command goes back to it once")
    func classicQueue() async throws {
        for (isRedelivered, expected) in [(false, "back 1"), (true, "acknowledged 1")] {
            let scene = LaneScene.serving()
            let validate = LaneScene.Message(
                command: "session.validate", body: #"{"token":"a.b.c"}"#, id: "1", isRedelivered: isRedelivered,
                headers: ["sojourn-version": .int64(2)])
            scene.deliver([validate], from: .validate)
            if isRedelivered { try scene.count([1]) }
            try await scene.load()
            try scene.fireTimer()
            try await scene.load()
            if isRedelivered { try scene.publish() }
            #expect(scene.settled == [expected])
        }
    }

    @Test("a command that may have had an effect is never answered with unavailable, but goes back again")
    func uncertain() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1", isRedelivered: true, headers: ["x-delivery-count": .int64(18)])])
        try scene.failToLoad(StoreError("the connection was lost", .away, mayHaveHappened: true))
        try scene.fireTimer()
        try scene.loadUnreadable(.laterVersion)
        try scene.fireTimer()
        try scene.loadUnreadable(.laterVersion)
        #expect(scene.settled == ["back 1"])
    }

    @Test(
        "a version that is no positive integer is malformed, and our own is carried out",
        arguments: [(AMQPValue.int64(0), false), (.string("2"), false), (.int32(1), true)])
    func versions(value: AMQPValue, isGood: Bool) async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1", headers: ["sojourn-version": value])])
        try await scene.load()
        #expect(scene.wanted == [isGood ? "commit" : "publish"])
    }
}
