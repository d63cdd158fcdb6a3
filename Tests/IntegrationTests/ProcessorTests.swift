import SessionContract
import SessionCore
import SessionStorage
import Synchronization
import Testing

@testable import SessionEngine

@Suite("Processing batches")
struct ProcessorTests {
    private let alice: JSONObject = ["subject": .string("alice")]

    @Test("a duplicate message has no second effect, within a batch or later, and gets the first result")
    func duplicates() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let work = Sender(fixture).work("session.create", alice, id: "1")
            let together = try await processor.process([work, work])
            let later = try await processor.process([work])
            #expect(together[0].result == together[1].result)
            #expect(together[0].result == later[0].result)
            #expect(together[0].resultID == later[0].resultID)
            #expect((together + later).map(\.isDuplicate) == [false, true, true])
            #expect((together + later).map(\.events.count) == [1, 0, 0])
        }
    }

    @Test("an id used before for another body, command or subject is rejected")
    func reused() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            _ = try await processor.process([sender.work("session.create", alice, id: "1")])
            let others = try await processor.process([
                sender.work("session.create", ["subject": .string("bob")], id: "1"),
                sender.work("session.create", ["subject": .string("alice"), "policy": .string("default")], id: "1"),
                sender.work("session.revoke", alice, id: "1"),
                sender.work("session.refresh", ["refreshToken": .string("nonsense")], id: "1"),
            ])
            for completion in others {
                #expect(completion.result.status == .rejected)
                #expect(String(decoding: completion.result.reply, as: UTF8.self).contains("message_id_reused"))
                #expect(completion.events.isEmpty)
            }
        }
    }

    @Test("a failed command may be sent again with another body")
    func failedAgain() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let tooLong: JSONObject = ["subject": .string("alice"), "idleSeconds": .integer(1801)]
            let failed = try await processor.process([sender.work("session.create", tooLong, id: "1")])
            #expect(failed[0].failure?.path == "/idleSeconds")
            let again = try await processor.process([sender.work("session.create", alice, id: "1")])
            #expect(again[0].result.status == .succeeded)
        }
    }

    @Test("a rejection is kept for duplicates like a success")
    func rejectedAgain() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let work = Sender(fixture).work("session.refresh", ["refreshToken": .string("sjr_damaged")], id: "1")
            let first = try await processor.process([work])
            let second = try await processor.process([work])
            #expect(first[0].result.status == .rejected)
            #expect(first[0].result == second[0].result)
            #expect(second[0].isDuplicate)
        }
    }

    @Test("commands of one subject in one batch are each decided on the state the previous one left")
    func order() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let created = try await processor.process([sender.work("session.create", alice, id: "1")])
            let token = try created[0].token("session")
            let batch = try await processor.process([
                sender.work("session.validate", ["token": .string(token)], id: ""),
                sender.work("session.revoke", alice, id: "2"),
                sender.work("session.validate", ["token": .string(token)], id: ""),
            ])
            #expect(try batch.map { try $0.data["valid"] } == [.bool(true), nil, .bool(false)])
        }
    }

    @Test(
        "a hundred creates by four concurrent processors never exceed the limit, and all are answered",
        .timeLimit(.minutes(1)))
    func contention() async throws {
        try await RedisFixture.run { fixture in
            let sender = Sender(fixture)
            var processors: [CommandProcessor<RedisSessionStore>] = []
            for _ in 0..<4 { processors.append(await fixture.processor(on: fixture.store)) }
            let statuses = try await withThrowingTaskGroup(of: [WrittenResult.Status].self) { group in
                for (lane, processor) in processors.enumerated() {
                    // Each takes one batch at a time, like a lane.
                    group.addTask {
                        var statuses: [WrittenResult.Status] = []
                        for number in 0..<25 {
                            let work = sender.work("session.create", alice, id: "\(lane)-\(number)")
                            statuses += try await processor.process([work]).map(\.result.status)
                        }
                        return statuses
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(statuses.count == 100)
            #expect(statuses.allSatisfy { $0 == .succeeded })
            let handle = processors[0].decider.manager.tokens.handle(tenant: "default", subject: "alice")
            let aggregate = try await fixture.store.load([LoadRequest(handle: handle, scope: .whole)])
                .aggregates[0].state.get()
            #expect(aggregate.sessions.values.filter(\.status.isLiving).count == 5)
            // 100 created, 95 evicted, and an announcement of each eviction.
            let subject = try #require(aggregate.subject)
            #expect(subject.lastSequence == 290)
        }
    }
}

/// A store that carries out the first commit but loses the reply.
private final class ForgetfulStore<Base: SessionStore>: SessionStore {
    private let base: Base
    private let isFirst = Mutex(true)

    init(_ base: Base) {
        self.base = base
    }

    func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded {
        try await base.load(requests, budget: budget)
    }

    func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult] {
        let results = try await base.commit(commits)
        let isLost = isFirst.withLock { isFirst in
            defer { isFirst = false }
            return isFirst
        }
        if isLost { throw StoreError("the answer was lost", .refused, mayHaveHappened: true) }
        return results
    }

    func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError) {
        try await base.clear(entries)
    }

    func release(_ messages: [MessageKey]) async throws(StoreError) {
        try await base.release(messages)
    }
}

extension ProcessorTests {
    @Test("a commit whose reply was lost has one effect, and its events are left for the relay")
    func lostAnswer() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: ForgetfulStore(fixture.store))
            let work = Sender(fixture).work("session.create", ["subject": .string("alice")], id: "1")
            await #expect(throws: StoreError.self) { try await processor.process([work]) }
            let again = try await processor.process([work])
            #expect(again[0].isDuplicate)
            #expect(again[0].result.status == .succeeded)
            let left = try await fixture.store.pendingWork(eventsOlderThan: .zero).left
            #expect(left.count == 1)
            let events = try await fixture.store.leftEvents(in: left[0], olderThan: .zero, after: nil, limit: 10)
            #expect(try events.map { try $0.event.get().type } == ["session.created"])
        }
    }
}
