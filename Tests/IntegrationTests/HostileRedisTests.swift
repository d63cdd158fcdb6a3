import ConnectionSupport
import Logging
import NIOPosix
import RedisNIO
import ScriptedRedis
import SessionContract
import SessionCore
import SessionCrypto
import Synchronization
import TestSupport
import Testing

@testable import SessionEngine
@testable import SessionStorage

@Suite("A hostile Redis", .timeLimit(.minutes(3)))
struct HostileRedisTests {
    /// A wrong reply and the command that gets it; everything else is answered as Redis would.
    struct Lie: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let command: String
        let answer: @Sendable (RedisReply) -> RedisReply
        /// Whether the result is a damaged aggregate, instead of a store that is away.
        let isDamage: Bool

        init(
            _ description: String, to command: String, isDamage: Bool = false,
            _ answer: @escaping @Sendable (RedisReply) -> RedisReply
        ) {
            testDescription = description
            self.command = command
            self.answer = answer
            self.isDamage = isDamage
        }

        static func elements(_ reply: RedisReply) -> [RedisReply] { reply.array ?? [] }

        static let loads: [Lie] = [
            Lie("the last second there is", to: "TIME") { _ in .array([.text("9223372036854775807"), .text("0")]) },
            Lie("a second before all", to: "TIME") { _ in .array([.text("-9223372036854775808"), .text("0")]) },
            Lie("microseconds beyond a second", to: "TIME") { _ in
                .array([.text("1800000000"), .text("9223372036854775807")])
            },
            Lie("a time of one part", to: "TIME") { _ in .array([.text("1")]) },
            Lie("no time", to: "TIME") { _ in .null },
            Lie("every field twice", to: "HGETALL", isDamage: true) { .array(elements($0) + elements($0)) },
            Lie("a field without a value", to: "HGETALL", isDamage: true) { .array(Array(elements($0).dropLast())) },
            Lie("values that are lists", to: "HGETALL", isDamage: true) { .array(elements($0).map { .array([$0]) }) },
            Lie("no hash", to: "HGETALL", isDamage: true) { _ in .integer(.max) },
            Lie("a revision beyond all numbers", to: "HGETALL", isDamage: true) { reply in
                .array(elements(reply).map { $0.string.flatMap(Int64.init) == nil ? $0 : .text("9223372036854775808") })
            },
            Lie("a revision that is written otherwise", to: "HGETALL", isDamage: true) { reply in
                .array(elements(reply).map { $0.string.flatMap(Int64.init) == nil ? $0 : .text("+7") })
            },
        ]
    }

    @Test(
        "a wrong reply makes the store unavailable or the subject damaged, and the next correct reply is accepted",
        arguments: Lie.loads)
    func lies(lie: Lie) async throws {
        try await Stage.run { stage in
            stage.lie(to: lie.command, lie.answer)
            let request = LoadRequest(handle: stage.session.handle, scope: .whole)
            if lie.isDamage {
                guard case .damaged = try await stage.store.load([request]).aggregates[0].state else {
                    Issue.record("it was taken for a subject")
                    return
                }
            } else {
                let error = await #expect(throws: StoreError.self) { try await stage.store.load([request]) }
                #expect(error?.cause == .away && error?.mayHaveHappened == false)
                await stage.states.wait { $0.contains { $0.hasPrefix("unexpected reply from Redis") } }
            }
            try await stage.expectHonesty()
        }
    }

    @Test("the largest revision causes no overflow, because revisions are only compared")
    func largestRevision() async throws {
        try await Stage.run { stage in
            stage.lie(to: "HGETALL") { reply in
                .array(
                    Lie.elements(reply).map { $0.string.flatMap(Int64.init) == nil ? $0 : .text("\(Int64.max)") })
            }
            let loaded = try await stage.store.load([LoadRequest(handle: stage.session.handle, scope: .whole)])
            #expect(try loaded.aggregates[0].state.get().revision == .max)
            _ = try await stage.processor.process([stage.create])
        }
    }

    @Test("fields that were not requested add no sessions")
    func tooFewFields() async throws {
        try await Stage.run { stage in
            for count in [0, 1, 3] {
                stage.lie(to: "HMGET") { reply in
                    .array((0..<count).map { Lie.elements(reply)[$0 % Lie.elements(reply).count] })
                }
                #expect(try await stage.processor.process([stage.validate])[0].failure?.code == .internal)
            }
            try await stage.expectHonesty()
        }
    }

    @Test("a reply with other events leaves the commit uncertain, and it has no second effect")
    func fewReferences() async throws {
        try await Stage.run { stage in
            for answer in [
                RedisReply.array([.text("7")]), .array([.text("7"), .text("nonsense")]), .null, .integer(.min),
                .array([.text("7"), .text("1-1"), .text("1-2")]),
            ] {
                stage.lie(to: "EVALSHA") { _ in answer }
                let error = await #expect(throws: StoreError.self) {
                    try await stage.processor.process([stage.create])
                }
                #expect(error?.cause == .away && error?.mayHaveHappened == true)
                try await stage.client.waitUntilConnected()
            }
            try await stage.expectHonesty()
        }
    }

    @Test("decreasing or missing ids do not cause endless reading of an outbox")
    func outboxWithoutOrder() async throws {
        try await Stage.run { stage in
            let partition = Partition(of: stage.session.handle)
            let entries: [[RedisReply]] = [
                [.array([.text("5-0"), .array([])]), .array([.text("5-0"), .array([])])],
                [.array([.text("5-1"), .array([])]), .array([.text("5-0"), .array([])])],
                [.array([.text("18446744073709551616-0"), .array([])])], [.array([])], [.null], [.text("5-0")],
            ]
            for list in entries {
                stage.lie(to: "XRANGE") { _ in .array(list) }
                await #expect(throws: StoreError.self) {
                    try await stage.store.leftEvents(in: partition, olderThan: .zero, after: nil, limit: 9)
                }
                try await stage.client.waitUntilConnected()
            }
            stage.lie(to: "XRANGE") { _ in .array([.array([.text("5-0"), .null])]) }
            let left = try await stage.store.leftEvents(in: partition, olderThan: .zero, after: nil, limit: 9)
            #expect(left.count == 1 && (try? left[0].event.get()) == nil)
        }
    }

    @Test("thousands of randomly changed replies stop no worker")
    func random() async throws {
        try await Stage.run { stage in
            for seed in 0..<2000 {
                stage.mutate(seed: UInt64(seed))
                await stage.doSomething(seed)
                try await stage.client.waitUntilConnected()
            }
            try await stage.expectHonesty()
        }
    }
}

/// A store whose Redis is the test, replying with what a real one would.
private final class Stage: Sendable {
    let server: HostileRedis
    let client: RedisClient
    let store: RedisSessionStore
    let processor: CommandProcessor<RedisSessionStore>
    /// Why the client had no connection, in its own words.
    let states: Awaited<[String]>
    let session: SessionID
    let validate: Work
    let create: Work
    private let others: [Work]
    private let honest: HostileRedis.Answer

    static func run(_ body: (Stage) async throws -> Void) async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let stage = try await Stage(fixture)
            try await body(stage)
            await stage.client.shutdown()
            try await stage.server.stop()
        }
    }

    private init(_ fixture: RedisFixture) async throws {
        let sender = Sender(fixture)
        let created = try await fixture.processor(on: fixture.store).process([
            sender.work("session.create", ["subject": .string("alice")], id: "1"),
            sender.work("factor.enroll", ["subject": .string("alice"), "type": .string("totp")], id: "2"),
        ])
        session = try created[0].sessionID
        let token = JSONValue.string(try created[0].token("session"))
        let id = JSONValue.string(session.text)
        validate = sender.work("session.validate", ["token": token], id: "")
        create = sender.work("session.create", ["subject": .string("alice")], id: "3")
        others = [
            sender.work("session.list", ["subject": .string("alice")], id: ""),
            sender.work("session.activity", ["sessionId": id], id: ""),
            sender.work("session.create", ["subject": .string("alice")], id: "1"),
            sender.work("session.revoke", ["subject": .string("alice")], id: "4"),
            sender.work("session.refresh", ["refreshToken": .string(try created[0].token("refresh"))], id: "5"),
            sender.work("policy.list", [:], id: ""),
        ]
        honest = try await Self.answers(fixture, session)
        server = try await HostileRedis.start(honest)
        let states = Awaited<[String]>([])
        self.states = states
        client = try RedisClient(
            try RedisConfiguration(url: server.url), scripts: RedisSessionStore.scripts,
            on: MultiThreadedEventLoopGroup.singleton.next(),
            backoff: Backoff(initial: .milliseconds(1), maximum: .milliseconds(5)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { state in
            if case .disconnected(let error, nextAttempt: _) = state { states.change { $0.append(error.message) } }
        }
        client.start()
        try await client.waitUntilConnected()
        store = RedisSessionStore(
            redis: client, namespace: fixture.namespace,
            sealers: SealerSource(
                keyring: fixture.keyring, namespace: fixture.namespace, at: Timestamp(milliseconds: 0)),
            inboxSeconds: 60, keyring: fixture.keyring)
        processor = await fixture.processor(on: store)
    }

    /// The replies of a Redis that holds one session, whatever the request; every commit is applied.
    private static func answers(_ fixture: RedisFixture, _ session: SessionID) async throws -> HostileRedis.Answer {
        let keys = KeySpace(namespace: fixture.namespace)
        let partition = Partition(of: session.handle)
        let hash = try await fixture.command("HGETALL", .string(keys.aggregate(session.handle)))
        let fields = try await fixture.command(
            "HMGET", .string(keys.aggregate(session.handle)), "r", .string(session.own))
        let log = try await fixture.command("LRANGE", .string(keys.activity(session)), "0", "-1")
        let due = try await fixture.command("ZRANGE", .string(keys.deadlines(partition)), "0", "-1")
        let events = try await fixture.command("XRANGE", .string(keys.outbox(partition)), "-", "+")
        let now = try await fixture.command("TIME")
        return { command in
            switch command.first {
            case "TIME": now
            case "HGETALL": hash
            case "HMGET": command.count == 4 ? fields : .array([.text("7")])
            case "LRANGE": log
            case "ZRANGEBYSCORE": due
            case "XRANGE": events
            case "SET", "GET", "HGET": .null
            case "EVALSHA": commit(command)
            default: .integer(1)
            }
        }
    }

    private static func commit(_ command: [String]) -> RedisReply {
        guard command.count > 3, let keys = Int(command[2]), command.count > 3 + keys + 7,
            let events = Int(command[3 + keys + 7])
        else { return .integer(1) }
        return .array([.text("8")] + (0..<events).map { .text("1-\($0)") })
    }

    func lie(to command: String, _ lie: @escaping @Sendable (RedisReply) -> RedisReply) {
        server.turn { [honest] in $0.first == command ? lie(honest($0)) : honest($0) }
    }

    /// Every third reply is wrong.
    func mutate(seed: UInt64) {
        let random = MutexRandom(seed)
        server.turn { [honest] command in random.mutate(honest(command)) }
    }

    func doSomething(_ number: Int) async {
        let partition = Partition(of: session.handle)
        switch number % 10 {
        case 0: _ = try? await processor.process([validate, others[number / 10 % others.count]])
        // Creating a session signs a token, which costs more than everything else.
        case 1 where number % 4 == 1: _ = try? await processor.process([create])
        case 1, 2: if number % 20 == 2 { _ = try? await store.pendingWork(eventsOlderThan: .zero) }
        case 3: _ = try? await store.leftEvents(in: partition, olderThan: .zero, after: nil, limit: 128)
        case 4:
            _ = try? await store.dueSessions(in: partition, limit: 128)
            if number % 20 == 4 { _ = try? await store.backlog() }
        case 5:
            _ = try? await store.lease(partition, for: .outbox, owner: "me")
            _ = try? await store.isKeyringTheirs()
            _ = try? await store.release([MessageKey(name: String(repeating: "m", count: 22), fingerprint: [1])])
        default:
            let request = LoadRequest(
                handle: session.handle, scope: number % 2 == 0 ? .whole : .sessions([session]),
                messages: [create.message].compactMap(\.self), activityOf: [session])
            _ = try? await store.load([request, request])
        }
    }

    /// Client and store work again once Redis replies correctly.
    func expectHonesty() async throws {
        server.turn(honest)
        try await client.waitUntilConnected()
        #expect(try await processor.process([validate])[0].data["valid"] == .bool(true))
    }
}

private final class MutexRandom: Sendable {
    private let random: Mutex<SeededRandom>

    init(_ seed: UInt64) {
        random = Mutex(SeededRandom(seed: seed))
    }

    func mutate(_ reply: RedisReply) -> RedisReply {
        random.withLock { random in
            Int.random(in: 0..<3, using: &random) == 0 ? reply.mutated(using: &random) : reply
        }
    }
}
