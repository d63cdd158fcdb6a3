import AMQPNIO
import SessionContract
import SessionCore
import SessionStorage
import Testing

@testable import SessionEngine

@Suite("A lane, event by event")
struct LaneStateTests {
    private let away = StoreError("gone", .away, mayHaveHappened: false)
    private let full = StoreError("OOM", .writesRefused, mayHaveHappened: false)
    private let gone = AMQPError(.connectionClosed, "gone")

    @Test("a command is stored, published and confirmed, acknowledged and cleared, in this order")
    func wayOfACommand() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        #expect(scene.wanted == ["load"])
        try await scene.load()
        #expect(scene.wanted == ["commit"])
        try await scene.commit()
        #expect(scene.wanted == ["publish"])
        #expect(scene.acknowledged.isEmpty)
        try scene.publish()
        #expect(scene.acknowledged == [LaneAcknowledgement(queue: .manage, tag: 1, multiple: true)])
        #expect(scene.published.map(\.exchange) == ["n.results", "n.events"])
        #expect(scene.wanted == ["clear"])
        try await scene.clear()
        #expect(scene.wanted == [])
        #expect(try await scene.store.pendingWork(eventsOlderThan: .zero).left.isEmpty)
    }

    @Test("one batch at a time is between load and commit, and publishing blocks none")
    func overlap() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        scene.deliver([.init(id: "2"), .init(id: "3")])
        #expect(scene.wanted == ["load"])
        try await scene.load()
        try await scene.commit()
        #expect(scene.wanted == ["publish", "load"])
        try await scene.load()
        try await scene.commit()
        #expect(scene.wanted == ["publish", "publish"])
        try scene.publish()
        try scene.publish()
        #expect(scene.acknowledged.map(\.tag) == [1, 3])
    }

    @Test("after a conflicting write, the command is loaded and decided again")
    func conflict() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try await scene.load()
        try scene.answerCommit(.conflict)
        #expect(scene.wanted == ["load"])
        try await scene.load()
        try await scene.commit()
        #expect(scene.wanted == ["publish"])
    }

    @Test("the id of a failed command is released before its failure is reported")
    func release() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(body: #"{"subject":"alice","idleSeconds":1801}"#, id: "1")])
        try await scene.load()
        let id = try scene.take { if case .release(let id, _) = $0 { id } else { nil } }
        #expect(scene.wanted == [])
        scene.happens(.released(id))
        #expect(scene.wanted == ["publish"])
    }

    @Test("if an access token cannot be signed, nothing is stored and the command fails")
    func unsigned() async throws {
        let scene = LaneScene.serving(signs: false)
        scene.deliver([.init(id: "1")])
        try await scene.load()
        let id = try scene.take { if case .release(let id, _) = $0 { id } else { nil } }
        scene.happens(.released(id))
        try scene.publish()
        #expect(scene.published.map(\.routingKey) == ["session.create.failed", "session.create"])
    }

    // MARK: - The store fails

    @Test("an unreachable store is retried, and after a minute the commands are answered")
    func storeIsAway() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        for _ in 0..<3 {
            try scene.failToLoad(away)
            #expect(scene.wanted == ["timer"])
            try scene.fireTimer()
            #expect(scene.wanted == ["load"])
            scene.pass(seconds: 25)
        }
        try scene.failToLoad(away)
        try scene.publish()
        #expect(scene.published.map(\.routingKey) == ["session.create.failed"])
        #expect(scene.acknowledged.map(\.tag) == [1])
    }

    @Test("a command that may have had an effect is not answered with unavailable, however it is retried")
    func mayHaveHappened() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1"), .init(body: #"{"subject":"bob"}"#, id: "2")])
        for _ in 0..<4 {
            try await scene.load()
            try scene.answerCommit(.refused(StoreError("lost", .refused, mayHaveHappened: true)))
            if scene.wanted == ["timer"] { try scene.fireTimer() }
        }
        #expect(scene.wanted == ["load"], "it is tried in halves")
        for _ in 0..<4 {
            try scene.failToLoad(away)
            scene.pass(seconds: 25)
            #expect(scene.wanted == ["timer"])
            try scene.fireTimer()
        }
        #expect(scene.acknowledged.isEmpty)
    }

    @Test("a batch that the store refuses is retried in halves, and only the refused command is given up")
    func halves() async throws {
        let scene = LaneScene.serving()
        let refused = StoreError("no", .refused, mayHaveHappened: false)
        scene.deliver([.init(id: "1"), .init(body: #"{"subject":"bob"}"#, id: "2")])
        for _ in 0..<3 {
            try scene.failToLoad(refused)
            try scene.fireTimer()
        }
        try scene.failToLoad(refused)
        for _ in 0..<7 {
            try scene.failToLoad(refused)
            try scene.fireTimer()
        }
        try scene.failToLoad(refused)
        #expect(scene.wanted == ["publish", "load"])
        try await scene.load()
        try await scene.commit()
        try scene.publish(.confirmed)
        try scene.publish(.confirmed)
        let keys = scene.published.filter { $0.exchange == "n.results" }.map(\.routingKey)
        #expect(keys == ["session.create.failed", "session.create.succeeded"])
    }

    @Test("commands whose writes are refused are retried alongside later batches")
    func writesRefused() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try await scene.load()
        try scene.answerCommit(.refused(full))
        #expect(scene.wanted == ["timer"])
        scene.deliver([.init(id: "2")])
        #expect(scene.wanted == ["timer", "load"])
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        #expect(scene.acknowledged.map(\.tag) == [], "the first is not finished")
        try scene.fireTimer()
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        #expect(scene.acknowledged.map(\.tag) == [2])
        let writes = scene.reports.compactMap {
            if case .writesRefused(let reason) = $0 { reason ?? "taken" } else { nil }
        }
        #expect(writes == ["OOM", "taken"])
    }

    // MARK: - The broker refuses

    @Test("an event refused by a full queue stays in the outbox, and its command is acknowledged")
    func eventRefused() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try await scene.load()
        try await scene.commit()
        try scene.publish(.rejected, to: "n.events")
        #expect(scene.acknowledged.map(\.tag) == [1])
        #expect(scene.wanted == [])
        #expect(try await scene.store.pendingWork(eventsOlderThan: .zero).left.count == 1)
    }

    @Test("a refused copy is offered again for a minute, and its command is acknowledged")
    func copyRefused() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try await scene.load()
        try await scene.commit()
        try scene.publish(.rejected, to: "n.results")
        #expect(scene.acknowledged.map(\.tag) == [1])
        try await scene.clear()
        try scene.fireTimer()
        try scene.offer(.rejected)
        try scene.fireTimer()
        scene.pass(seconds: 61)
        try scene.offer(.rejected)
        #expect(scene.wanted == [])
        let dropped = scene.reports.compactMap { if case .copiesDropped(let count) = $0 { count } else { nil } }
        #expect(dropped == [1])
    }

    @Test("what quarantine refuses is published to its queue until it is taken, and is not acknowledged before")
    func quarantineRefused() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(body: "nonsense", id: "1")])
        try await scene.load()
        try scene.publish(.rejected, to: "n.dead")
        for _ in 0..<20 {
            #expect(scene.acknowledged.isEmpty)
            try scene.fireTimer()
            try scene.publish(.rejected)
        }
        try scene.fireTimer()
        try scene.publish()
        let kept = try #require(scene.published.last)
        #expect(kept.exchange == "" && kept.routingKey == "n.quarantine" && kept.mandatory)
        #expect(kept.properties.headers?["x-sojourn-routing-key"]?.string == "session.create")
        #expect(scene.acknowledged.map(\.tag) == [1])
    }

    @Test("quarantine that refuses does not hold up the good commands of the same batch")
    func quarantineRefusedBesideOthers() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1"), .init(body: "nonsense", id: "2"), .init(id: "3")])
        try await scene.load()
        try await scene.commit()
        try scene.publish(.rejected, to: "n.dead")
        try scene.publish()
        #expect(scene.acknowledged.map(\.tag) == [1])
        scene.deliver([.init(id: "4")])
        #expect(scene.wanted.contains("load"))
    }

    @Test("if there is no queue to quarantine in, the connections are given up, because the next ones declare it")
    func quarantineIsMissing() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(body: "nonsense", id: "1")])
        try await scene.load()
        let nowhere = AMQPPublishOutcome.returned(replyCode: 312, replyText: "NO_ROUTE")
        try scene.publish(nowhere, to: "n.dead")
        for _ in 0..<4 {
            #expect(scene.acknowledged.isEmpty)
            try scene.fireTimer()
            try scene.publish(nowhere)
        }
        #expect(scene.acknowledged.isEmpty)
        #expect(scene.wanted == ["close", "finished"])
    }

    // MARK: - The lane ends

    @Test("when the connections are lost, the current batch is awaited and dropped")
    func lostWhileLoading() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        scene.happens(.lost(gone))
        #expect(scene.wanted == ["load", "close"])
        try await scene.load()
        #expect(scene.wanted == ["close", "finished"])
        #expect(scene.end as? AMQPError == gone)
    }

    @Test("a batch confirmed after the loss is not acknowledged")
    func lostWhilePublishing() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try await scene.load()
        try await scene.commit()
        scene.happens(.lost(gone))
        try scene.publish()
        #expect(scene.acknowledged.isEmpty)
        #expect(scene.wanted == ["close", "finished"])
    }

    @Test("losing a channel with messages in flight ends the lane, and acknowledges nothing")
    func channelLost() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try await scene.load()
        try await scene.commit()
        try scene.publish(.unknown(gone), isChannelOpen: false)
        #expect(scene.acknowledged.isEmpty)
        #expect(scene.end as? AMQPError == gone)
    }

    @Test("a batch that waits for a retry ends at once with its connections")
    func lostWhilePausing() throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        try scene.failToLoad(away)
        scene.happens(.lost(gone))
        #expect(scene.wanted == ["timer", "close", "finished"])
        try scene.fireTimer()
        #expect(scene.wanted == ["close", "finished"], "its timer means nothing any more")
    }

    @Test("a draining lane finishes all its deliveries, including those that arrive until its consumers are cancelled")
    func drain() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        scene.happens(.drain)
        #expect(scene.wanted == ["load", "cancel"])
        scene.deliver([.init(body: #"{"subject":"bob"}"#, id: "2")])
        scene.happens(.cancelled)
        for _ in 0..<2 {
            try await scene.load()
            try await scene.commit()
            try scene.publish()
            #expect(scene.end == nil)
            try await scene.clear()
        }
        #expect(scene.acknowledged.map(\.tag) == [1, 2])
        #expect(scene.wanted == ["cancel", "finished"])
    }

    @Test("a lane asked to drain while starting drains once it has its consumers")
    func drainWhileStarting() {
        let scene = LaneScene()
        scene.happens(.drain)
        #expect(scene.wanted == ["consume"])
        scene.happens(.consuming)
        scene.happens(.cancelled)
        #expect(scene.wanted == ["consume", "cancel", "finished"])
    }

    // MARK: - Limits

    @Test("a lane at its in-flight limit pauses reading, and resumes at half of it")
    func reading() async throws {
        let scene = LaneScene.serving(heldBytes: 1)
        scene.deliver([.init(id: "1")])
        #expect(scene.wanted == ["pause", "load"])
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        #expect(scene.wanted == ["pause", "read", "clear"])
    }

    @Test("a large subject waits at the gate, and others do not wait for it")
    func gate() async throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        let id = try scene.take { if case .load(let id, _, _) = $0 { id } else { nil } }
        let large = LoadedAggregate(state: .tooLarge(bytes: 1 << 20))
        let time = Timestamp(milliseconds: 1_800_000_000_000)
        scene.happens(.loaded(id, .success(Loaded(now: time, aggregates: [large]))))
        #expect(scene.wanted == ["enter"])
        _ = try scene.take { if case .enterGate = $0 { true } else { nil } }
        scene.happens(.gateTaken)
        scene.deliver([.init(body: #"{"subject":"bob"}"#, id: "2")])
        #expect(scene.wanted == ["load"])
        try await scene.load()
        try await scene.commit()
        scene.happens(.gateIsFree)
        _ = try scene.take { if case .enterGate = $0 { true } else { nil } }
        scene.happens(.gateEntered)
        let budget = try scene.take { if case .load(_, _, let budget) = $0 { budget } else { nil } }
        #expect(budget.each == .max)
    }

    @Test("a lane that is lost while it waits at the gate leaves the gate once admitted")
    func gateEnteredAfterLoss() throws {
        let scene = LaneScene.serving()
        scene.deliver([.init(id: "1")])
        let id = try scene.take { if case .load(let id, _, _) = $0 { id } else { nil } }
        let large = LoadedAggregate(state: .tooLarge(bytes: 1 << 20))
        let time = Timestamp(milliseconds: 1_800_000_000_000)
        scene.happens(.loaded(id, .success(Loaded(now: time, aggregates: [large]))))
        _ = try scene.take { if case .enterGate = $0 { true } else { nil } }
        scene.happens(.lost(gone))
        #expect(scene.wanted == ["close", "finished"])
        scene.happens(.gateEntered)
        #expect(scene.wanted == ["close", "finished", "leave"])
    }

    @Test("a message that a classic queue redelivers again and again is quarantined, and not answered")
    func givenUp() async throws {
        let scene = LaneScene.serving()
        let message = LaneScene.Message(
            command: "session.validate", body: #"{"token":"sjs_damaged"}"#, id: "1", isRedelivered: true)
        scene.deliver([message], from: .validate)
        try scene.count([DeliveryReader.maxDeliveries])
        try scene.publish()
        #expect(scene.published.map(\.exchange) == ["n.dead"])
        #expect(scene.acknowledged.map(\.tag) == [1])
    }
}
