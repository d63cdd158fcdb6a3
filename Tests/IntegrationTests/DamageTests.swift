import RedisNIO
import SessionContract
import SessionCore
import SessionCrypto
import Testing

@testable import SessionEngine
@testable import SessionStorage

@Suite("Damaged records")
struct DamageTests {
    private let alice: JSONObject = ["subject": .string("alice")]

    private func codes(_ completions: [Completion]) -> [Failure.Code?] {
        completions.map { $0.failure?.code }
    }

    @Test("a damaged inbox entry fails only its own message, and no other of the subject")
    func inbox() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let works = (1...3).map { sender.work("session.create", alice, id: "\($0)") }
            let first = try await processor.process(Array(works[..<2]))
            let keys = KeySpace(namespace: fixture.namespace)
            let partition = Partition(of: try first[0].sessionID.handle)
            let inbox = keys.inbox(try #require(works[0].message), in: partition)
            for value in [RedisArgument.string("nonsense"), "", .bytes([UInt8](repeating: 1, count: 80))] {
                _ = try await fixture.command("SET", .string(inbox), value)
                let again = try await processor.process(works)
                #expect([.internal, .unavailable].contains(codes(again)[0]))
                #expect(codes(again)[1...] == [nil, nil])
                #expect(again[1].isDuplicate)
            }
        }
    }

    @Test("a damaged claim fails only its own message, whatever type its key has")
    func claim() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let works = (1...4).map { sender.work("session.create", alice, id: "\($0)") }
            let bob = sender.work("session.create", ["subject": .string("bob")], id: "5")
            let keys = KeySpace(namespace: fixture.namespace)
            let handle = fixture.manager.tokens.handle(tenant: "default", subject: "alice")
            _ = try await fixture.command(
                "HSET", .string(keys.claim(try #require(works[0].message))), "a", "b")
            _ = try await fixture.command(
                "RPUSH", .string(keys.inbox(try #require(works[1].message), in: Partition(of: handle))), "a")
            _ = try await fixture.command(
                "HSET", .string(keys.activity(SessionID(handle: handle, own: "AAAAAAAAAAAA"))), "a", "b")
            let read = sender.work(
                "session.activity", ["sessionId": .string(SessionID(handle: handle, own: "AAAAAAAAAAAA").text)], id: "")
            let done = try await processor.process(works + [bob, read])
            #expect(codes(done) == [.internal, .internal, nil, nil, nil, .internal])
        }
    }

    @Test("a damaged session fails its own validate, but not that of another session in the same batch")
    func session() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let created = try await processor.process(
                (1...2).map { sender.work("session.create", alice, id: "\($0)") })
            let id = try created[0].sessionID
            let key = KeySpace(namespace: fixture.namespace).aggregate(id.handle)
            _ = try await fixture.command("HSET", .string(key), .string(id.own), "nonsense")
            let validates = try created.map {
                sender.work("session.validate", ["token": .string(try $0.token("session"))], id: "")
            }
            let done = try await processor.process(validates)
            #expect(codes(done) == [.internal, nil])
            #expect(try done[1].data["valid"] == .bool(true))
        }
    }

    @Test("a key of the wrong type never causes damage: a commit is stored completely or not at all")
    func types() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let processor = await fixture.processor(on: fixture.store)
            let keys = KeySpace(namespace: fixture.namespace)
            let handle = fixture.manager.tokens.handle(tenant: "default", subject: "alice")
            let partition = Partition(of: handle)
            for (key, other) in [(keys.deadlines(partition), "d"), (keys.outbox(partition), "o")] {
                _ = try await fixture.command("SET", .string(key), "of another type")
                await #expect(throws: StoreError.self) {
                    try await processor.process([Sender(fixture).work("session.create", alice, id: other)])
                }
                #expect(try await fixture.command("EXISTS", .string(keys.aggregate(handle))) == .integer(0))
                _ = try await fixture.command("DEL", .string(key))
            }
        }
    }

    @Test("a record with numbers out of range is damaged")
    func numbers() throws {
        let id = try #require(SessionID("ses_" + String(repeating: "A", count: 32)))
        func session(lastActiveAt: Int64 = 0, idleSeconds: Int = 600, generation: Int = 1) -> Session {
            Session(
                id: id, tenant: "t", subject: "s", policy: "p", createdAt: Timestamp(milliseconds: 0),
                idleSeconds: idleSeconds, expiresAt: Timestamp(milliseconds: 1), actor: nil, status: .active,
                assurance: Assurance(), authenticatedAt: nil, device: nil, context: nil, attributes: [:],
                lastActiveAt: Timestamp(milliseconds: lastActiveAt), generation: generation,
                credentials: SessionCredentials(
                    session: TokenDigest(bytes: [UInt8](repeating: 0, count: 32)), refresh: nil, lineStart: 1))
        }
        #expect(throws: Never.self) { try SessionRecord.session(from: SessionRecord.bytes(of: session())) }
        let odd = [
            session(lastActiveAt: .max), session(lastActiveAt: .min), session(idleSeconds: -1),
            session(idleSeconds: .max), session(generation: .min), session(generation: .max),
        ]
        for session in odd {
            #expect(throws: MalformedRecord.self) { try SessionRecord.session(from: SessionRecord.bytes(of: session)) }
        }
        #expect(Timestamp(milliseconds: .max - 1).adding(seconds: 1) == Timestamp(milliseconds: .max))
        #expect(Timestamp(milliseconds: 0).adding(seconds: .min) == Timestamp(milliseconds: .min))
        #expect(Aggregate(handle: id.handle, sessions: SessionTable([session(), session()])).sessions.count == 1)
    }
}

@Suite("Claims of message ids")
struct ClaimTests {
    private let alice: JSONObject = ["subject": .string("alice")]

    @Test("a failed duplicate does not release a claim: the delivery that made it may be about to commit")
    func duplicates() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            try await expectClaimsKept(by: fixture.store, fixture)
        }
        let twin = TwinFixture()
        try await expectClaimsKept(by: twin.store, twin)
    }

    private func expectClaimsKept(by store: some SessionStore, _ installation: some Installation) async throws {
        let sender = Sender(installation)
        let handle = installation.manager.tokens.handle(tenant: "default", subject: "alice")
        let first = sender.work("session.create", alice, id: "1")
        let duplicate = sender.work("session.create", alice, id: "1")
        let other = sender.work("session.create", ["subject": .string("bob")], id: "1")
        func isReused(_ work: Work) async throws -> Bool {
            let message = try #require(work.message)
            return try await store.load([LoadRequest(handle: handle, scope: .whole, messages: [message])])
                .aggregates[0].reused.contains(message)
        }
        #expect(try await isReused(first) == false)
        #expect(try await isReused(duplicate) == false)
        try await store.release([try #require(duplicate.message)])
        #expect(try await isReused(other), "the first may be carried out yet")
        try await store.release([try #require(first.message)])
        #expect(try await isReused(other) == false)
    }

    @Test("a claim of an earlier version is still understood")
    func earlier() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let work = Sender(fixture).work("session.create", alice, id: "1")
            let message = try #require(work.message)
            _ = try await fixture.command(
                "SET", .string(KeySpace(namespace: fixture.namespace).claim(message)), .bytes(message.fingerprint))
            #expect(try await fixture.processor(on: fixture.store).process([work])[0].failure == nil)
            let other = Sender(fixture).work("session.create", ["subject": .string("bob")], id: "1")
            #expect(try await fixture.processor(on: fixture.store).process([other])[0].result.status == .rejected)
        }
    }
}

/// An in-memory store with its own keys.
private struct TwinFixture: Installation {
    let namespace = "twin"
    let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
    let store = InMemorySessionStore(inboxSeconds: 60) { Timestamp(milliseconds: 1_800_000_000_000) }
}
