import Logging
import NIOPosix
import RedisConnection
import SessionContract
import SessionCore
import SessionCrypto
import TestSupport
import Testing

@testable import SessionStore
@testable import SessionWorker

@Suite("A permission that Redis takes away", .timeLimit(.minutes(2)))
struct PermissionTests {
    /// What is taken away, and what has to be named.
    static let losses: [(rule: String, names: String)] = [
        ("-evalsha", "evalsha"), ("-@all", "script|load"), ("resetkeys", "EVALSHA"), ("-xadd", "XADD"),
        ("-hincrby", "HINCRBY"), ("-zadd", "ZADD"), ("-lpush", "LPUSH"), ("-hgetall", "HGETALL"), ("-time", "TIME"),
        ("-set", "SET"), ("-type", "TYPE"),
    ]

    @Test("makes the store away until it is given back, and is named with its user", arguments: losses.map(\.rule))
    func loss(rule: String) async throws {
        let named = try #require(Self.losses.first { $0.rule == rule }).names
        try await User.run { user in
            let created = try await user.processor.process([user.create("alice", id: "1")])
            #expect(created[0].failure == nil)
            try await user.set(rule)
            let error = await #expect(throws: StoreError.self) {
                try await user.processor.process([user.create("bob", id: "2")])
            }
            #expect(error?.cause == .away && error?.mayHaveHappened == false)
            #expect(error?.message.contains("NOPERM") == true, "\(String(describing: error))")
            await user.states.wait { $0.contains { $0.contains(named) && $0.contains(user.name) } }
            // What was refused had no part of its effect.
            #expect(try await user.fixture.command("EXISTS", .string(user.aggregate(of: "bob"))) == .integer(0))

            try await user.set("+@all", "~\(user.fixture.namespace):*")
            try await user.client.waitUntilConnected()
            let again = try await user.processor.process([user.create("bob", id: "2")])
            #expect(again[0].failure == nil && !again[0].isDuplicate)
        }
    }

    @Test("is found at start by every connection, all that is missing in one sentence")
    func atStart() async throws {
        try await User.run(["-xadd", "-zadd", "-lrange"]) { user in
            await user.states.wait { $0.contains { $0.contains("may not run") } }
            let sentence = try #require(user.states.value.last)
            for name in ["XADD", "ZADD", "LRANGE", user.name, "\(user.fixture.namespace):*"] {
                #expect(sentence.contains(name), "\(sentence)")
            }
        }
    }

    @Test("leaves a commit whole or undone, whatever it is")
    func neverHalf() async throws {
        // Without the check of the connection: the script has to see it itself.
        try await User.run(probes: false) { user in
            for command in ["hset", "hincrby", "xadd", "zadd", "set", "exists", "lpush", "ltrim", "pexpire", "persist"]
            {
                try await user.set("-\(command)")
                await #expect(throws: StoreError.self) {
                    try await user.processor.process([user.create("carol", id: command)])
                }
                for key in try await user.fixture.keys() {
                    // A claim is made while loading, and the keyring was told before.
                    #expect(key.contains("}:c:") || key.hasSuffix(":keyring"), "\(key) after -\(command)")
                }
                try await user.set("+@all")
                try await user.client.waitUntilConnected()
            }
        }
    }
}

/// A client with a user of its own in the Redis of the tests.
private struct User {
    let fixture: RedisFixture
    let name: String
    let client: RedisClient
    let states: Awaited<[String]>
    let processor: CommandProcessor<RedisSessionStore>
    private let sender: Sender

    /// - Parameter rules: beyond all commands on all keys of the namespace.
    static func run(
        _ rules: [String] = [], probes: Bool = true, _ body: (User) async throws -> Void
    ) async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let name = "user-of-\(fixture.namespace)"
            try await Self.set(fixture, name, ["on", ">secret", "~\(fixture.namespace):*", "+@all"] + rules)
            var configuration = try RedisConfiguration(url: try RedisFixture.url())
            (configuration.username, configuration.password) = (name, "secret")
            let states = Awaited<[String]>([])
            let client = try RedisClient(
                configuration, scripts: RedisSessionStore.scripts,
                probe: probes ? RedisSessionStore.probe(in: fixture.namespace) : nil,
                on: MultiThreadedEventLoopGroup.singleton.next(),
                backoff: Backoff(initial: .milliseconds(1), maximum: .milliseconds(50)),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ) { state in
                if case .disconnected(let error, nextAttempt: _) = state { states.change { $0.append(error.message) } }
            }
            client.start()
            if rules.isEmpty { try await client.waitUntilConnected() }
            let store = RedisSessionStore(
                redis: client, namespace: fixture.namespace,
                sealers: SealerSource(
                    keyring: fixture.keyring, namespace: fixture.namespace, at: Timestamp(milliseconds: 0)),
                inboxSeconds: 60, keyring: fixture.keyring)
            let user = User(
                fixture: fixture, name: name, client: client, states: states,
                processor: await fixture.processor(on: store), sender: Sender(fixture))
            do {
                try await body(user)
            } catch {
                _ = try await fixture.command("ACL", "DELUSER", .string(name))
                throw error
            }
            await client.shutdown()
            _ = try await fixture.command("ACL", "DELUSER", .string(name))
        }
    }

    func set(_ rules: String...) async throws {
        try await Self.set(fixture, name, rules)
    }

    private static func set(_ fixture: RedisFixture, _ name: String, _ rules: [String]) async throws {
        var pipeline = RedisPipeline()
        pipeline.command("ACL", arguments: ["SETUSER", .string(name)] + rules.map { .string($0) })
        #expect(try await fixture.client.send(pipeline) == [.simple("OK")])
    }

    func create(_ subject: String, id: String) -> Work {
        sender.work("session.create", ["subject": .string(subject)], id: id)
    }

    func aggregate(of subject: String) -> String {
        KeySpace(namespace: fixture.namespace)
            .aggregate(fixture.manager.tokens.handle(tenant: "default", subject: subject))
    }
}
