import Logging
import RedisNIO
import SessionContract
import SessionCore
import SessionCrypto
import Testing

@testable import SessionEngine
@testable import SessionStorage

@Suite("The Redis store")
struct RedisSessionStoreTests {
    private let create: JSONObject = [
        "subject": .string("alice-in-clear"),
        "device": .object(["name": .string("device-in-clear")]),
        "context": .object(["ip": .string("203.0.113.77"), "userAgent": .string("agent-in-clear")]),
        "attributes": .object(["colour": .string("attribute-in-clear")]),
    ]

    @Test("Redis holds nothing of a session in clear")
    func nothingInClear() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let created = try await processor.process([sender.work("session.create", create, id: "message-in-clear")])
            var dump: [UInt8] = []
            for key in try await fixture.keys() {
                dump += Array(key.utf8)
                let value = try await fixture.command("DUMP", .string(key))
                dump += try #require(value.bytes)
            }
            #expect(dump.count > 500)
            let secrets = [
                "alice-in-clear", "device-in-clear", "203.0.113.77", "agent-in-clear", "attribute-in-clear",
                "message-in-clear", try created[0].token("session"), try created[0].token("refresh"),
            ]
            for secret in secrets { #expect(!dump.contains(Array(secret.utf8)), "\(secret) stands in Redis") }
        }
    }

    @Test("a tampered record fails with internal, and other sessions are unaffected")
    func tampered() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let created = try await processor.process([
                sender.work("session.create", create, id: "1"), sender.work("session.create", create, id: "2"),
            ])
            let id = try created[0].sessionID
            let key = KeySpace(namespace: fixture.namespace).aggregate(id.handle)
            var record = try #require(try await fixture.command("HGET", .string(key), .string(id.own)).bytes)
            record[record.count / 2] ^= 1
            _ = try await fixture.command("HSET", .string(key), .string(id.own), .bytes(record))

            let validated = try await processor.process([
                sender.work(
                    "session.validate", ["token": .string(try created[0].token("session"))], id: "")
            ])
            #expect(validated[0].failure?.code == .internal)
            let other = try await processor.process([
                sender.work(
                    "session.validate", ["token": .string(try created[1].token("session"))], id: "")
            ])
            #expect(try other[0].data["valid"] == .bool(true))
        }
    }

    @Test("a record copied to another session's key does not open there")
    func moved() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let created = try await processor.process([
                sender.work("session.create", create, id: "1"), sender.work("session.create", create, id: "2"),
            ])
            let first = try created[0].sessionID
            let second = try created[1].sessionID
            let key = KeySpace(namespace: fixture.namespace).aggregate(first.handle)
            let record = try #require(try await fixture.command("HGET", .string(key), .string(first.own)).bytes)
            _ = try await fixture.command("HSET", .string(key), .string(second.own), .bytes(record))
            let loaded = try await fixture.store.load([
                LoadRequest(handle: second.handle, scope: .sessions([second]))
            ])
            #expect(try loaded.aggregates[0].state.get().sessions.isEmpty, "the copy was taken for the session")
            #expect(loaded.aggregates[0].damage.sessions[second]?.key == key)
        }
    }

    @Test("only one of two commits on the same revision is applied")
    func conflict() async throws {
        try await RedisFixture.run { fixture in
            let handle = fixture.manager.tokens.handle(tenant: "default", subject: "alice")
            let loaded = try await fixture.store.load([LoadRequest(handle: handle, scope: .whole)])
            let commits = try (0..<2).map { _ in
                var transaction = SubjectTransaction(
                    on: try loaded.aggregates[0].state.get(), now: loaded.now, policies: PolicyCatalogue(),
                    random: SystemRandomNumberGenerator())
                let create = Command(tenant: "default", action: CreateSession(subject: "alice"))
                _ = try fixture.manager.decide(create, in: &transaction)
                return Commit(transaction, events: [], results: [])
            }
            let results = try await fixture.store.commit(commits)
            guard case .applied([]) = results[0], case .conflict = results[1] else {
                Issue.record("the second has to be refused: \(results)")
                return
            }
        }
    }

    @Test("policies lost in a fail-over are not confused with those stored instead")
    func lostWrites() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let logger = Logger(label: "test")
            let policies = PoliciesInForce(handle: fixture.manager.policiesHandle, logger: logger) { PolicyCatalogue() }
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            func put(_ name: String) async throws {
                let body: JSONObject = ["name": .string(name), "policy": .object([:])]
                #expect(try await processor.process([sender.work("policy.put", body, id: name)])[0].failure == nil)
                try await policies.refresh(from: fixture.store)
                #expect(policies.catalogue[ExactText(name), tenant: "default"] != nil)
            }
            try await put("kept")
            let key = RedisArgument.string(
                KeySpace(namespace: fixture.namespace).aggregate(fixture.manager.policiesHandle))
            let replica = try #require(try await fixture.command("DUMP", key).bytes)
            try await put("lost")
            _ = try await fixture.command("RESTORE", key, "0", .bytes(replica), "REPLACE")
            try await put("new")
            #expect(policies.catalogue["kept", tenant: "default"] != nil)
            #expect(policies.catalogue["lost", tenant: "default"] == nil)
        }
    }

    @Test("an empty aggregate eventually expires, and one that is used again stays")
    func retention() async throws {
        try await RedisFixture.run { fixture in
            let clock = HandClock()
            let processor = await fixture.processor(on: ClockedStore(base: fixture.store, clock: clock))
            let sender = Sender(fixture)
            let created = try await processor.process([sender.work("session.create", create, id: "1")])
            let id = try created[0].sessionID
            let key = KeySpace(namespace: fixture.namespace).aggregate(id.handle)
            #expect(try await fixture.command("TTL", .string(key)).integer == -1)
            for _ in 0..<2 {
                clock.pass(milliseconds: 100_000_000)
                _ = try await processor.process([
                    Work(name: nil, content: .command(Command(tenant: "", action: ExpireSession(id))))
                ])
            }
            #expect(try await fixture.command("HKEYS", .string(key)).array?.count == 2)
            #expect(try await fixture.command("TTL", .string(key)).integer ?? 0 > 29 * 86400)
            _ = try await processor.process([sender.work("session.create", create, id: "2")])
            #expect(try await fixture.command("TTL", .string(key)).integer == -1)
        }
    }

    @Test("events left in an outbox are found, opened and cleared")
    func outbox() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let created = try await processor.process([Sender(fixture).work("session.create", create, id: "1")])
            let event = try #require(created[0].events.first)
            let work = try await fixture.store.pendingWork(eventsOlderThan: .zero)
            #expect(work.left == [event.reference.partition])
            let left = try await fixture.store.leftEvents(
                in: event.reference.partition, olderThan: .zero, after: nil, limit: 10)
            #expect(try left.map { try $0.event.get() } == [event.event])
            #expect(try await fixture.store.pendingWork(eventsOlderThan: .seconds(60)).left == [])
            try await fixture.store.clear([event.reference])
            #expect(try await fixture.store.pendingWork(eventsOlderThan: .zero).left == [])
        }
    }

    @Test("what waits in all partitions is measured")
    func backlog() async throws {
        try await RedisFixture.run { fixture in
            #expect(try await fixture.store.backlog() == StoreBacklog())
            let processor = await fixture.processor(on: fixture.store)
            let created = try await processor.process([
                Sender(fixture).work("session.create", create, id: "1"),
                Sender(fixture).work("session.create", create, id: "2"),
            ])
            let begun = try await fixture.store.backlog()
            #expect(begun.events == 2)
            #expect((0..<60).contains(begun.oldestEventSeconds))
            #expect(begun.overdueSeconds == 0)

            // An event and a deadline of 1970.
            let id = try created[0].sessionID
            let partition = try #require(Partition.all.first { $0 != Partition(of: id.handle) })
            let keys = KeySpace(namespace: fixture.namespace)
            _ = try await fixture.command("XADD", .string(keys.outbox(partition)), "1000-0", "i", "x", "e", "y")
            _ = try await fixture.command(
                "ZADD", .string(keys.deadlines(Partition(of: id.handle))), "2000", .string(id.withoutPrefix))
            let old = try await fixture.store.backlog()
            #expect(old.events == 3)
            let now = try #require(try RedisSessionStore.time(try await fixture.command("TIME")))
            #expect(abs(old.oldestEventSeconds + 1 - Double(now.milliseconds) / 1000) < 60)
            #expect(abs(old.overdueSeconds + 2 - Double(now.milliseconds) / 1000) < 60)
        }
    }

    @Test("a namespace can be used with only one keyring")
    func keyring() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let other = Keyring.generate(at: Timestamp(milliseconds: 0))
            let stranger = RedisSessionStore(
                redis: fixture.client, namespace: fixture.namespace,
                sealers: SealerSource(keyring: other, namespace: fixture.namespace, at: Timestamp(milliseconds: 0)),
                inboxSeconds: 60, keyring: other)
            #expect(try await fixture.store.keyringUse() == .none)
            #expect(try await fixture.store.isKeyringTheirs())
            #expect(try await fixture.store.keyringUse() == .ours)
            #expect(try await stranger.keyringUse() == .another)
            #expect(try await fixture.store.isKeyringTheirs())
            #expect(try await stranger.isKeyringTheirs() == false)
        }
    }

    @Test("an unreadable record does not block the records after it in its outbox")
    func damagedOutbox() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let created = try await processor.process([Sender(fixture).work("session.create", create, id: "1")])
            let event = try #require(created[0].events.first)
            let key = KeySpace(namespace: fixture.namespace).outbox(event.reference.partition)
            _ = try await fixture.command("XADD", .string(key), "*", "i", "evt_x", "e", "nonsense")
            _ = try await processor.process([Sender(fixture).work("session.revoke", revokeAlice, id: "2")])
            let more = try await fixture.store.leftEvents(
                in: event.reference.partition, olderThan: .zero, after: nil, limit: 10)
            #expect(more.map { (try? $0.event.get()) != nil } == [true, false, true])
            let behind = try await fixture.store.leftEvents(
                in: event.reference.partition, olderThan: .zero, after: more[1].reference, limit: 10)
            #expect(behind.map(\.reference) == [more[2].reference])
        }
    }

    private var revokeAlice: JSONObject { ["subject": .string("alice-in-clear")] }

    @Test("a lease has one owner at a time, and each purpose has its own lease")
    func lease() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let partition = Partition(number: 7)
            #expect(try await fixture.store.lease(partition, for: .outbox, owner: "a"))
            #expect(try await fixture.store.lease(partition, for: .outbox, owner: "a"))
            #expect(try await fixture.store.lease(partition, for: .outbox, owner: "b") == false)
            #expect(try await fixture.store.lease(partition, for: .deadlines, owner: "b"))
        }
    }
}
