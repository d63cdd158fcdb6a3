import RedisNIO
import SessionContract
import SessionCore
import SessionCrypto
import Synchronization
import Testing

@testable import SessionEngine
@testable import SessionStorage

@Suite("Resealing")
struct ResealTests {
    private static let then = Timestamp(milliseconds: 0)

    /// A ring with two keys: the fixture's, and a newer, current one.
    private struct Rotated {
        let ring: Keyring
        let old: String
        let new: String
        let store: RedisSessionStore

        init(_ fixture: RedisFixture) throws {
            ring = try fixture.keyring.rotated(at: ResealTests.then, after: 0)
            let keys = ring.summaries(at: ResealTests.then)
            (old, new) = (keys[0].id, keys[1].id)
            store = fixture.store(
                with: SealerSource(keyring: ring, namespace: fixture.namespace, at: ResealTests.then))
        }
    }

    private func create(_ subject: String) -> JSONObject {
        ["subject": .string(subject)]
    }

    @Test("everything except events is resealed with the current key, with the same content")
    func everything() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            let sender = Sender(fixture)
            let before = await fixture.processor(on: fixture.store)
            let work = (0..<20).map { sender.work("session.create", create("subject-\($0)"), id: "m\($0)") }
            let created = try await before.process(work)
            let updates = try created.enumerated().map { number, created in
                sender.work(
                    "session.update",
                    ["sessionId": .string(try created.sessionID.text), "attributes": .object(["a": .string("b")])],
                    id: "u\(number)")
            }
            for updated in try await before.process(updates) { #expect(updated.error == nil) }
            // Subject and session, and two of each: activity, results of messages, events.
            #expect(try await rotated.store.countByKey { _ in } == [rotated.old: 160])

            var fractions: [Double] = []
            let report = try await rotated.store.reseal { fractions.append($0.fraction) }
            #expect((report.records, report.resealed, report.unreadable, report.leftEvents) == (120, 120, 0, 40))
            #expect(fractions.last == 1 && fractions == fractions.sorted())
            #expect(try await rotated.store.countByKey { _ in } == [rotated.old: 40, rotated.new: 120])

            // A worker that no longer has the old key at all.
            let alone = try rotated.ring.retired(
                rotated.old, at: Self.then, accessTokenSeconds: 300, force: true)
            let after = await fixture.processor(
                on: fixture.store(with: SealerSource(keyring: alone, namespace: fixture.namespace, at: Self.then)))
            let tokens = try created.map { try $0.token("session") }
            let validated = try await after.process(
                tokens.map { sender.work("session.validate", ["token": .string($0)], id: "") })
            for completion in validated { #expect(try completion.data["valid"] == .bool(true)) }
            let again = try await after.process(work)
            #expect(again.map(\.result) == created.map(\.result))
            #expect(again.map(\.isDuplicate) == work.map { _ in true })
        }
    }

    @Test("a second run has nothing to do")
    func again() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            _ = try await fixture.processor(on: fixture.store).process([
                Sender(fixture).work("session.create", create("alice"), id: "1")
            ])
            _ = try await rotated.store.reseal { _ in }
            let report = try await rotated.store.reseal { _ in }
            #expect((report.records, report.resealed) == (3, 0))
        }
    }

    @Test("neither the revision nor the lifetime of a result changes")
    func unchanged() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            let created = try await fixture.processor(on: fixture.store).process([
                Sender(fixture).work("session.create", create("alice"), id: "1")
            ])
            let aggregate = KeySpace(namespace: fixture.namespace).aggregate(try created[0].sessionID.handle)
            let revision = try await fixture.command("HGET", .string(aggregate), "r").string
            let inbox = try #require(try await fixture.keys().first { $0.contains("}:i:") })
            #expect(try await fixture.command("PEXPIRE", .string(inbox), "30000").integer == 1)
            #expect(try await rotated.store.reseal { _ in }.resealed > 0)
            #expect(try await fixture.command("HGET", .string(aggregate), "r").string == revision)
            let left = try #require(try await fixture.command("PTTL", .string(inbox)).integer)
            #expect((1...30_000).contains(left))
        }
    }

    @Test("a value that a worker writes between reading and replacing is not overwritten")
    func overtaken() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let key = "\(fixture.namespace):{00}:a:hash"
            let text = "\(fixture.namespace):{00}:i:string"
            let list = "\(fixture.namespace):{00}:t:list"
            _ = try await fixture.command("HSET", .string(key), "same", "old", "other", "newer")
            _ = try await fixture.command("SET", .string(text), "newer")
            _ = try await fixture.command("RPUSH", .string(list), "a", "old", "b", "old")

            func reseal(_ key: String, _ kind: String, _ rest: String...) async throws -> Int64? {
                var pipeline = RedisPipeline()
                pipeline.evaluate(
                    RedisSessionStore.resealScript, keys: [key],
                    arguments: [.string(kind)] + rest.map { .string($0) })
                return try await fixture.client.send(pipeline).first?.integer
            }
            let fields = ["same", "old", "new", "other", "old", "new", "gone", "old", "new"]
            var pipeline = RedisPipeline()
            pipeline.evaluate(
                RedisSessionStore.resealScript, keys: [key],
                arguments: ["hash"] + fields.map { .string($0) })
            #expect(try await fixture.client.send(pipeline).first?.integer == 1)
            #expect(
                try await fixture.command("HMGET", .string(key), "same", "other", "gone").array
                    == [.bulk(Array("new".utf8)), .bulk(Array("newer".utf8)), .null])
            #expect(try await reseal(text, "string", "", "old", "new") == 0)
            #expect(try await fixture.command("GET", .string(text)).string == "newer")
            #expect(try await reseal(list, "list", "", "old", "new") == 1)
            #expect(try await reseal(list, "list", "", "gone", "new") == 0)
            let entries = try await fixture.command("LRANGE", .string(list), "0", "-1").array
            #expect(entries?.map(\.string) == ["a", "new", "b", "old"])
        }
    }

    @Test("workers running at the same time lose nothing, and write with the current key")
    func concurrentWriter() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            let sender = Sender(fixture)
            let created = try await fixture.processor(on: fixture.store).process(
                (0..<40).map { sender.work("session.create", create("subject-\($0)"), id: "m\($0)") })
            let store = rotated.store
            let resealing = Task {
                while !Task.isCancelled { _ = try await store.reseal { _ in } }
            }
            let processor = await fixture.processor(on: store)
            var tokens = try created.map { try $0.token("refresh") }
            for round in 0..<40 {
                let work = tokens.enumerated().map { index, token in
                    sender.work("session.refresh", ["refreshToken": .string(token)], id: "r\(round)-\(index)")
                }
                tokens = try await processor.process(work).map { try $0.token("refresh") }
            }
            resealing.cancel()
            try await resealing.value
            let counts = try await rotated.store.countByKey { _ in }
            let report = try await rotated.store.reseal { _ in }
            #expect(report.unreadable == 0 && report.resealed == 0)
            #expect(counts[rotated.old] == report.leftEvents)
            // Each session is still in the state that its last refresh left.
            let last = try await fixture.processor(on: rotated.store).process(
                tokens.enumerated().map { index, token in
                    sender.work("session.refresh", ["refreshToken": .string(token)], id: "last-\(index)")
                })
            #expect(last.count == 40)
            for completion in last { _ = try completion.token("refresh") }
        }
    }

    @Test("an activity log is resealed in order, each entry bound to its list")
    func list() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            let key = "\(fixture.namespace):{07}:t:some-session"
            for number in 0..<5 {
                let sealed = fixture.store.seal.seal([UInt8(number)], at: .entry(key))
                _ = try await fixture.command("RPUSH", .string(key), .bytes(sealed))
            }
            #expect(try await rotated.store.reseal { _ in }.resealed == 5)
            let entries = try await fixture.command("LRANGE", .string(key), "0", "-1").array ?? []
            let opened = try entries.map { entry in
                let sealed = try #require(entry.bytes)
                #expect(Sealer.keyID(of: sealed) == rotated.new)
                return try rotated.store.seal.read(sealed, at: .entry(key), as: { $0 }).get()
            }
            #expect(opened == (0..<5).map { [UInt8($0)] })
        }
    }

    @Test("an unreadable value stays, is counted with its key, and blocks nothing")
    func unreadable() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            let created = try await fixture.processor(on: fixture.store).process([
                Sender(fixture).work("session.create", create("alice"), id: "1")
            ])
            let key = KeySpace(namespace: fixture.namespace).aggregate(try created[0].sessionID.handle)
            _ = try await fixture.command("HSET", .string(key), "s", "nonsense")
            let strange = "\(fixture.namespace):{00}:i:x"
            _ = try await fixture.command("LPUSH", .string(strange), "nonsense")
            let report = try await rotated.store.reseal { _ in }
            #expect((report.resealed, report.unreadable) == (2, 2))
            #expect(Set(report.unreadableKeys) == [key, strange])
            #expect(try await fixture.command("HGET", .string(key), "s").string == "nonsense")
        }
    }

    @Test("a record sealed with a key added after the ring was read is not counted as unreadable")
    func newerKey() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            _ = try await fixture.processor(on: rotated.store).process([
                Sender(fixture).work("session.create", create("alice"), id: "1")
            ])
            let behind = SealerSource(keyring: fixture.keyring, namespace: fixture.namespace, at: Self.then)
            let looks = Mutex(0)
            let store = fixture.store(with: behind) {
                looks.withLock { $0 += 1 }
                _ = behind.use(rotated.ring, at: Self.then)
            }
            let report = try await store.reseal { _ in }
            #expect((report.unreadable, report.resealed, report.isOvertaken) == (0, 0, true))
            #expect(looks.withLock { $0 } == 1)
            // A key that nobody has is looked up once.
            let never = fixture.store(
                with: SealerSource(keyring: fixture.keyring, namespace: fixture.namespace, at: Self.then)
            ) { looks.withLock { $0 += 1 } }
            #expect(try await never.reseal { _ in }.unreadable == 3)
            #expect(looks.withLock { $0 } == 2)
        }
    }

    @Test("an expired value is neither sealed nor counted", arguments: ["hash", "string", "list"])
    func gone(kind: String) async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let key = "\(fixture.namespace):{0}:gone"
            var pipeline = RedisPipeline()
            pipeline.evaluate(
                RedisSessionStore.resealScript, keys: [key], arguments: [.string(kind), "field", "old", "new"])
            #expect(try await fixture.client.send(pipeline) == [.integer(0)])
            #expect(try await fixture.command("EXISTS", .string(key)) == .integer(0))
        }
    }

    @Test("no key of another namespace is touched, whatever its prefix")
    func otherNamespace() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            let other = "\(fixture.namespace)-2:{00}:i:x"
            let sealed = fixture.store.seal.seal([1], at: .entry(other))
            _ = try await fixture.command("SET", .string(other), .bytes(sealed), "PX", "3600000")
            #expect(try await rotated.store.reseal { _ in }.records == 0)
            #expect(try await fixture.command("GETDEL", .string(other)).bytes == sealed)
        }
    }

    @Test("keys on all pages are found")
    func pages() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            var pipeline = RedisPipeline()
            for number in 0..<3000 {
                let key = "\(fixture.namespace):{00}:i:\(number)"
                pipeline.command(
                    "SET", .string(key), .bytes(fixture.store.seal.seal([1], at: .entry(key))), "PX", "3600000")
            }
            _ = try await fixture.client.send(pipeline)
            var steps = 0
            let report = try await rotated.store.reseal { _ in steps += 1 }
            #expect(report.resealed == 3000)
            #expect(steps > 2)
            #expect(try await rotated.store.countByKey { _ in }[rotated.old] == nil)
        }
    }

    @Test("a record sealed with a still unknown key has the ring reread, and is not damage")
    func unknownKey() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let rotated = try Rotated(fixture)
            let sender = Sender(fixture)
            let created = try await fixture.processor(on: rotated.store).process([
                sender.work("session.create", create("alice"), id: "1")
            ])
            let validate = sender.work(
                "session.validate", ["token": .string(try created[0].token("session"))], id: "")
            let behind = SealerSource(keyring: fixture.keyring, namespace: fixture.namespace, at: Self.then)
            let looks = Mutex(0)
            let late = await fixture.processor(
                on: fixture.store(with: behind) {
                    looks.withLock { $0 += 1 }
                    _ = behind.use(rotated.ring, at: Self.then)
                })
            #expect(try await late.process([validate])[0].data["valid"] == .bool(true))
            #expect(looks.withLock { $0 } == 1)
            // If the reread brings no new key, the error says so, and the ring is not reread for ever.
            let never = await fixture.processor(
                on: fixture.store(
                    with: SealerSource(keyring: fixture.keyring, namespace: fixture.namespace, at: Self.then)
                ) { looks.withLock { $0 += 1 } })
            #expect(try await never.process([validate])[0].failure?.code == .unavailable)
            #expect(looks.withLock { $0 } == 2)
        }
    }
}
