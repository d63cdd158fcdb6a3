import ConnectionSupport
import Logging
import NIOPosix
import RedisNIO
import SessionContract
import SessionCore
import SessionCrypto
import TestSupport
import Testing

@testable import SessionEngine
@testable import SessionStorage

@Suite("Revoked Redis permissions", .timeLimit(.minutes(2)))
struct PermissionTests {
    /// What is revoked, and what the error must name.
    static let losses: [(rule: String, names: String)] = [
        ("-evalsha", "evalsha"), ("-@all", "script|load"), ("resetkeys", "EVALSHA"), ("-xadd", "XADD"),
        ("-hincrby", "HINCRBY"), ("-zadd", "ZADD"), ("-lpush", "LPUSH"), ("-hgetall", "HGETALL"), ("-time", "TIME"),
        ("-set", "SET"), ("-type", "TYPE"),
    ]

    @Test(
        "a revoked permission makes the store unavailable until it is restored, and is reported with its user",
        arguments: losses.map(\.rule))
    func loss(rule: String) async throws {
        let named = try #require(Self.losses.first { $0.rule == rule }).names
        try await RedisUser.run { user in
            let created = try await user.processor.process([user.create("alice", id: "1")])
            #expect(created[0].failure == nil)
            try await user.set(rule)
            let error = await #expect(throws: StoreError.self) {
                try await user.processor.process(user.createAndRevoke("bob", id: "2"))
            }
            #expect(error?.cause == .away && error?.mayHaveHappened == false)
            #expect(error?.message.contains("NOPERM") == true, "\(String(describing: error))")
            await user.states.wait { $0.contains { $0.contains(named) && $0.contains(user.name) } }
            // Refused commands had no partial effect.
            #expect(try await user.fixture.command("EXISTS", .string(user.aggregate(of: "bob"))) == .integer(0))

            try await user.set("+@all", "~\(user.fixture.namespace):*")
            try await user.client.waitUntilConnected()
            let again = try await user.processor.process(user.createAndRevoke("bob", id: "2"))
            #expect(again[0].failure == nil && !again[0].isDuplicate)
        }
    }

    @Test("every new connection reports all missing permissions in one sentence")
    func atStart() async throws {
        try await RedisUser.run(["-xadd", "-zadd", "-lrange"]) { user in
            await user.states.wait { $0.contains { $0.contains("may not run") } }
            let sentence = try #require(user.states.value.last)
            for name in ["XADD", "ZADD", "LRANGE", user.name, "\(user.fixture.namespace):*"] {
                #expect(sentence.contains(name), "\(sentence)")
            }
        }
    }

    @Test("a revoked permission leaves every commit complete or without effect")
    func neverHalf() async throws {
        // Without the connection's probe, so that the script has to detect it.
        try await RedisUser.run(probes: false) { user in
            for command in ["hset", "hincrby", "xadd", "zadd", "set", "exists", "lpush", "ltrim", "pexpire", "persist"]
            {
                try await user.set("-\(command)")
                await #expect(throws: StoreError.self) {
                    try await user.processor.process(user.createAndRevoke("carol", id: command))
                }
                for key in try await user.fixture.keys() {
                    // A claim is made while loading, and the keyring was recorded before.
                    #expect(key.contains("}:c:") || key.hasSuffix(":keyring"), "\(key) after -\(command)")
                }
                try await user.set("+@all")
                try await user.client.waitUntilConnected()
            }
        }
    }
}
