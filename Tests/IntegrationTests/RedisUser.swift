import ConnectionSupport
import Logging
import NIOPosix
import RedisNIO
import SessionCore
import SessionCrypto
import TestSupport
import Testing

@testable import SessionEngine
@testable import SessionStorage

/// A client with its own user in the tests' Redis.
struct RedisUser {
    let fixture: RedisFixture
    let name: String
    let client: RedisClient
    let states: Awaited<[String]>
    let processor: CommandProcessor<RedisSessionStore>
    private let sender: Sender

    /// - Parameter rules: in addition to all commands on all keys of the namespace.
    static func run(
        _ rules: [String] = [], probes: Bool = true, _ body: (RedisUser) async throws -> Void
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
            let user = RedisUser(
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

    /// Two commands in one commit, which writes everything that a commit can write about a session: its creation alone is
    /// not logged.
    func createAndRevoke(_ subject: String, id: String) -> [Work] {
        [create(subject, id: id), sender.work("session.revoke", ["subject": .string(subject)], id: "revoke-" + id)]
    }

    func aggregate(of subject: String) -> String {
        KeySpace(namespace: fixture.namespace)
            .aggregate(fixture.manager.tokens.handle(tenant: "default", subject: subject))
    }
}
