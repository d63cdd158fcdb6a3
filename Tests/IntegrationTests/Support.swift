import AMQPNIO
import Foundation
import Logging
import NIOPosix
import RedisNIO
import SessionContract
import SessionCore
import SessionCrypto
import SessionStorage
import Synchronization
import TestSupport
import Testing

@testable import SessionEngine

struct MissingServer: Error, CustomStringConvertible {
    let description = "SOJOURN_TEST_REDIS_URL is not set: deploy/local/test starts a Redis and sets it"
}

/// A clock that only moves when told. It is ahead of Redis's, because Redis stores no old decisions.
final class HandClock: Sendable {
    private let now = Mutex(Timestamp(milliseconds: 4_102_444_800_000))

    var time: Timestamp { now.withLock { $0 } }

    func pass(milliseconds: Int64) {
        now.withLock { $0.milliseconds += milliseconds }
    }
}

/// Fixtures with the same namespace and keys understand each other's tokens.
protocol Installation {
    var namespace: String { get }
    var keyring: Keyring { get }
}

extension Installation {
    var manager: SessionManager {
        SessionManager(
            tokens: TokenCodec(keyring: keyring, namespace: namespace),
            factors: FactorCodec(keyring: keyring, namespace: namespace))
    }

    func processor<Store: SessionStore>(
        on store: Store, policies: PolicyCatalogue = PolicyCatalogue(), seed: UInt64? = nil
    ) async -> CommandProcessor<Store> {
        let seeds = SeedSource(seed)
        let accessTokens = await AccessTokens(
            keyring: keyring, at: Timestamp(milliseconds: 0), namespace: namespace, issuer: "sojourn",
            audience: "sojourn")
        return CommandProcessor(
            store: store,
            decider: CommandDecider(
                manager: manager, accessTokens: accessTokens, namespace: namespace, resultNames: ResultNames(),
                logger: Logger(label: "test"), policies: { policies }, makeRandom: { seeds.next() }))
    }
}

/// A namespace of its own in the tests' Redis, emptied at the end.
struct RedisFixture: Installation {
    let namespace: String
    let client: RedisClient
    let keyring: Keyring
    let store: RedisSessionStore

    static func url() throws -> String {
        guard let url = ProcessInfo.processInfo.environment["SOJOURN_TEST_REDIS_URL"] else { throw MissingServer() }
        return url
    }

    static func run(_ body: (RedisFixture) async throws -> Void) async throws {
        let url = try url()
        let namespace = "test-\(UInt64.random(in: .min ... .max))"
        let client = try RedisClient(
            try RedisConfiguration(url: url), scripts: RedisSessionStore.scripts,
            on: MultiThreadedEventLoopGroup.singleton.next(), logger: Logger(label: "test"))
        client.start()
        try await client.waitUntilConnected()
        let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
        let store = RedisSessionStore(
            redis: client, namespace: namespace,
            sealers: SealerSource(keyring: keyring, namespace: namespace, at: Timestamp(milliseconds: 0)),
            inboxSeconds: 60, keyring: keyring)
        let fixture = RedisFixture(namespace: namespace, client: client, keyring: keyring, store: store)
        do {
            try await body(fixture)
        } catch {
            try await fixture.empty()
            throw error
        }
        try await fixture.empty()
        await client.shutdown()
    }

    /// The store as used by a worker with these keys.
    func store(
        with sealers: SealerSource, refreshKeys: @escaping @Sendable () async -> Void = {}
    ) -> RedisSessionStore {
        RedisSessionStore(
            redis: client, namespace: namespace, sealers: sealers, inboxSeconds: 60, keyring: keyring,
            refreshKeys: refreshKeys)
    }

    func keys() async throws -> [String] {
        var pipeline = RedisPipeline()
        pipeline.command("KEYS", .string("\(namespace):*"))
        var keys: [String] = []
        for master in try await client.masters() {
            keys += (try await client.send(pipeline, to: master).first?.array ?? []).compactMap(\.string)
        }
        return keys
    }

    func command(_ name: String, _ arguments: RedisArgument...) async throws -> RedisReply {
        var pipeline = RedisPipeline()
        pipeline.command(name, arguments: arguments)
        return try #require(try await client.send(pipeline).first)
    }

    private func empty() async throws {
        for key in try await keys() { _ = try await command("DEL", .string(key)) }
    }
}

/// Consecutive seeds: two processors with the same first seed decide alike.
final class SeedSource: @unchecked Sendable {
    // A processor makes one decision at a time; the lock only satisfies the compiler.
    private let lock = NSLock()
    private var state: SeededRandom?

    init(_ seed: UInt64?) {
        state = seed.map(SeededRandom.init(seed:))
    }

    func next() -> any RandomNumberGenerator & Sendable {
        lock.withLock {
            guard let seed = state?.next() else { return SystemRandomNumberGenerator() }
            return SeededRandom(seed: seed)
        }
    }
}

/// The outcome of a message, assembled the way the lane does.
struct Sender {
    let reader: DeliveryReader

    init(_ installation: some Installation) {
        let tokens = TokenCodec(keyring: installation.keyring, namespace: installation.namespace)
        reader = DeliveryReader(
            commands: CommandReader(maxBodyBytes: 65536, tokens: tokens),
            hash: KeyedHash(keyring: installation.keyring, namespace: installation.namespace),
            namespace: installation.namespace, unknownCommands: QuarantineAllowance(logger: Logger(label: "test")))
    }

    func work(_ command: String, _ body: JSONObject, id: String) -> Work {
        reader.read(
            .init(
                consumerTag: "", deliveryTag: 1, redelivered: false, exchange: "", routingKey: command,
                properties: .init(messageID: id), body: JSONWriter.bytes(of: body), bodySize: 0))
    }
}

extension Completion {
    var data: JSONObject {
        get throws {
            guard case .object(let result) = try JSONReader.read(result.reply) else { throw Schemaless() }
            guard case .object(let data) = result["data"] else { return [:] }
            return data
        }
    }

    /// The session id in the result.
    var sessionID: SessionID {
        get throws {
            let text = try #require(try data.text("session", "id"))
            return try #require(SessionID(text))
        }
    }

    /// A token in the result: `session` or `refresh`.
    func token(_ kind: String) throws -> String {
        try #require(try data.text("tokens", kind))
    }

    struct Schemaless: Error {}
}

extension JSONObject {
    /// The text at this key path.
    func text(_ keys: String...) -> String? {
        var value = JSONValue.object(self)
        for key in keys {
            guard case .object(let object) = value, let next = object[key] else { return nil }
            value = next
        }
        if case .string(let text) = value { return text }
        return nil
    }
}
