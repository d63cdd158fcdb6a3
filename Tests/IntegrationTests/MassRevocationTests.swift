import RedisNIO
import SessionContract
import SessionCore
import SessionCrypto
import SessionStorage
import Testing

@testable import SessionEngine

@Suite("Mass revocations on Redis")
struct MassRevocationStoreTests {
    private let all: JSONObject = ["all": .bool(true), "reason": .string("leak")]

    private func reason(_ completion: Completion) throws -> String? {
        try completion.data.text("reason")
    }

    @Test("no worker accepts a session once the revocation is stored, whatever it has cached")
    func everyWorker() async throws {
        try await RedisFixture.run { fixture in
            let here = await fixture.processor(on: fixture.store)
            let sealers = SealerSource(
                keyring: fixture.keyring, namespace: fixture.namespace, at: Timestamp(milliseconds: 0))
            let there = await fixture.processor(on: fixture.store(with: sealers))
            let sender = Sender(fixture)
            let created = try await here.process([
                sender.work("session.create", ["subject": .string("alice")], id: "1"),
                sender.work("session.create", ["subject": .string("bob"), "tenant": .string("other")], id: "2"),
            ])
            let validate = sender.work("session.validate", ["token": .string(try created[0].token("session"))], id: "")
            #expect(try await there.process([validate])[0].data["valid"] == .bool(true))
            let revoked = try await here.process([sender.work("session.revoke", all, id: "3")])
            #expect(try revoked[0].data == ["revoked": .array([]), "count": .integer(0), "pending": .bool(true)])
            #expect(revoked[0].events.isEmpty)
            #expect(try reason(try await there.process([validate])[0]) == "revoked")
            #expect(try reason(try await here.process([validate])[0]) == "revoked")
            let other: JSONObject = [
                "token": .string(try created[1].token("session")), "tenant": .string("other"),
            ]
            #expect(
                try await there.process([sender.work("session.validate", other, id: "")])[0].data["valid"]
                    == .bool(true))
        }
    }

    @Test("a revocation also ends sessions that were read before it and stored after it")
    func storedBehind() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let created = try await processor.process([
                sender.work("session.create", ["subject": .string("alice")], id: "1"),
                sender.work("session.create", ["subject": .string("carol")], id: "2"),
            ])
            let token: JSONObject = ["token": .string(try created[0].token("session"))]
            let begun = try await processor.process([sender.work("session.transfer.begin", token, id: "3")])
            let ticket = try #require(try begun[0].data.text("ticket"))
            let revoke = sender.work("session.revoke", all, id: "4")
            // The tenant's sessions are revoked between reading and storing these commands.
            let late = await fixture.processor(
                on: InterruptedStore(base: fixture.store) { _ = try? await processor.process([revoke]) })
            let refresh: JSONObject = ["refreshToken": .string(try created[1].token("refresh"))]
            let stored = try await late.process([
                sender.work("session.create", ["subject": .string("bob")], id: "5"),
                sender.work("session.transfer.complete", ["ticket": .string(ticket)], id: "6"),
                sender.work("session.refresh", refresh, id: "7"),
            ])
            #expect(stored.map(\.result.status) == [.succeeded, .succeeded, .succeeded])
            let tokens = try [stored[0].token("session"), stored[1].token("session"), created[1].token("session")]
            let validations = try await processor.process(
                tokens.map { sender.work("session.validate", ["token": .string($0)], id: "") })
            #expect(try validations.map(reason) == ["revoked", "revoked", "revoked"])
            let walk = try stored.map { try $0.sessionID.handle }.map {
                Work(name: nil, content: .command(Command(tenant: "", action: CarryOutRevocations(among: $0))))
            }
            let events = try await processor.process(walk).flatMap(\.events).map(\.event.type)
            #expect(events == ["session.revoked", "session.revoked", "session.revoked"])
        }
    }

    @Test("a duplicated message puts only one revocation in force")
    func oneEffect() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let work = Sender(fixture).work("session.revoke", all, id: "1")
            let results = try await processor.process([work]) + processor.process([work])
            #expect(results.map(\.isDuplicate) == [false, true])
            #expect(try await fixture.store.load([]).revocations.all.count == 1)
        }
    }

    @Test("an old decision is made again, and not stored")
    func tooOld() async throws {
        try await RedisFixture.run { fixture in
            let handle = fixture.manager.tokens.handle(tenant: "default", subject: "alice")
            let loaded = try await fixture.store.load([LoadRequest(handle: handle, scope: .whole)])
            func commit(age: Int64) async throws -> CommitResult {
                let now = Timestamp(milliseconds: loaded.now.milliseconds - age)
                var transaction = SubjectTransaction(
                    on: try loaded.aggregates[0].state.get(), now: now, policies: PolicyCatalogue(),
                    random: SystemRandomNumberGenerator())
                let create = CreateSession(subject: "alice")
                _ = try fixture.manager.decide(Command(tenant: "default", action: create), in: &transaction)
                return try await fixture.store.commit([Commit(transaction, events: [], results: [])])[0]
            }
            guard case .conflict = try await commit(age: Commit.maxAgeMilliseconds + 1) else {
                Issue.record("an old decision was stored")
                return
            }
            guard case .applied = try await commit(age: Commit.maxAgeMilliseconds / 2) else {
                Issue.record("a young decision was not stored")
                return
            }
        }
    }

    @Test("no session is accepted while the record of revocations is unreadable")
    func damaged() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let created = try await processor.process([
                sender.work("session.create", ["subject": .string("alice")], id: "1")
            ])
            _ = try await processor.process([sender.work("session.revoke", all, id: "2")])
            let handle = fixture.manager.tokens.revocationsHandle
            let key = try #require(try await fixture.keys().first { $0.hasSuffix("a:\(handle.text)") })
            _ = try await fixture.command("HSET", .string(key), "w", "nonsense")
            let validate = sender.work("session.validate", ["token": .string(try created[0].token("session"))], id: "")
            #expect(try await processor.process([validate])[0].failure?.code == .internal)
            _ = try await fixture.command("DEL", .string(key))
            _ = try await fixture.command("SET", .string(key), "no hash")
            #expect(try await processor.process([validate])[0].failure?.code == .internal)
        }
    }

    @Test("Redis holds nothing of a revocation in clear")
    func sealed() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let narrowed: JSONObject = [
                "all": .bool(true), "deviceId": .string("stolen-phone"), "network": .string("192.0.2.0/24"),
            ]
            _ = try await processor.process([Sender(fixture).work("session.revoke", narrowed, id: "1")])
            for key in try await fixture.keys() {
                let dump = try await fixture.command("DUMP", .string(key))
                let bytes = key.utf8 + (dump.bytes ?? [])
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(!text.contains("stolen-phone") && !text.contains("192.0.2"))
            }
        }
    }

    @Test("a scan by pages lists every subject with a session, without duplicates in a page")
    func pages() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store)
            let sender = Sender(fixture)
            let subjects = (0..<600).map { "subject-\($0)" }
            _ = try await processor.process(
                subjects.flatMap { subject in
                    (0..<2).map {
                        sender.work("session.create", ["subject": .string(subject)], id: "\(subject)-\($0)")
                    }
                })
            var seen: Set<SubjectHandle> = []
            for partition in Partition.all {
                var next: String?
                repeat {
                    let page = try await fixture.store.subjects(in: partition, from: next)
                    #expect(Set(page.subjects).count == page.subjects.count)
                    #expect(page.subjects.allSatisfy { Partition(of: $0) == partition })
                    seen.formUnion(page.subjects)
                    next = page.next
                } while next != nil
            }
            #expect(seen == Set(subjects.map { fixture.manager.tokens.handle(tenant: "default", subject: $0) }))
        }
    }

    @Test("a revocation is removed once every partition was scanned after the settling time")
    func progress() async throws {
        try await RedisFixture.run { fixture in
            #expect(try await fixture.store.revocationProgress() == nil)
            let processor = await fixture.processor(on: fixture.store)
            _ = try await processor.process([Sender(fixture).work("session.revoke", all, id: "1")])
            var progress = try #require(try await fixture.store.revocationProgress())
            let at = try #require(progress.standing.latest)
            #expect(progress.outstanding == Partition.all)
            for partition in Partition.all {
                try await fixture.store.recordWalk(through: partition, begunAt: at.adding(seconds: 1))
            }
            progress = try #require(try await fixture.store.revocationProgress())
            #expect(progress.outstanding.isEmpty, "the first walk is done, and the second not yet due")
            #expect(progress.carriedOut == nil)
            for partition in Partition.all.dropFirst() {
                try await fixture.store.recordWalk(through: partition, begunAt: at.adding(seconds: 90))
            }
            progress = try #require(try await fixture.store.revocationProgress())
            #expect(progress.carriedOut == nil, "one partition is missing")
            try await fixture.store.recordWalk(through: Partition.all[0], begunAt: at.adding(seconds: 90))
            progress = try #require(try await fixture.store.revocationProgress())
            #expect(progress.carriedOut == at)
        }
    }
}

/// A store that runs something before the first commit.
private struct InterruptedStore<Base: SessionStore>: SessionStore {
    let base: Base
    let interruption: @Sendable () async -> Void

    func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded {
        try await base.load(requests, budget: budget)
    }

    func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult] {
        await interruption()
        return try await base.commit(commits)
    }

    func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError) {
        try await base.clear(entries)
    }

    func release(_ messages: [MessageKey]) async throws(StoreError) {
        try await base.release(messages)
    }
}
