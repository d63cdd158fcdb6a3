import Logging
import NIOPosix
import RedisNIO
import SessionContract
import SessionCore
import SessionCrypto
import Testing

@testable import SessionEngine
@testable import SessionStorage

@Suite("A store that waits for replicas")
struct ReplicaTests {
    private let alice: JSONObject = ["subject": .string("alice")]

    /// Runs `body` with the store of a worker that waits for more replicas than the tests' Redis has.
    private func run(_ body: (RedisFixture, _ waiting: RedisSessionStore) async throws -> Void) async throws {
        try await RedisFixture.run { fixture in
            var configuration = try RedisConfiguration(url: RedisFixture.url())
            configuration.replicas = 16
            let client = try RedisClient(
                configuration, scripts: RedisSessionStore.scripts, on: MultiThreadedEventLoopGroup.singleton.next(),
                logger: Logger(label: "test"))
            client.start()
            try await client.waitUntilConnected()
            let store = RedisSessionStore(
                redis: client, namespace: fixture.namespace,
                sealers: SealerSource(
                    keyring: fixture.keyring, namespace: fixture.namespace, at: Timestamp(milliseconds: 0)),
                inboxSeconds: 60, keyring: fixture.keyring)
            try await body(fixture, store)
            await client.shutdown()
        }
    }

    @Test("what too few replicas have is not acknowledged, but may have happened, and is answered when they have it")
    func commits() async throws {
        try await run { fixture, waiting in
            let work = Sender(fixture).work("session.create", alice, id: "1")
            let refusals = [
                await #expect(throws: StoreError.self) {
                    _ = try await fixture.processor(on: waiting).process([work])
                },
                // By now the inbox has a result, which must not be given out either.
                await #expect(throws: StoreError.self) {
                    _ = try await fixture.processor(on: waiting).process([work])
                },
            ]
            for refusal in refusals {
                #expect(refusal?.cause == .writesRefused)
                #expect(refusal?.mayHaveHappened == true)
                #expect(refusal?.message.contains("too few replicas") == true)
            }
            let later = try await fixture.processor(on: fixture.store).process([work])
            #expect(later[0].result.status == .succeeded && later[0].isDuplicate)
        }
    }

    @Test("reads wait for no replica")
    func reads() async throws {
        try await run { fixture, waiting in
            let sender = Sender(fixture)
            let created = try await fixture.processor(on: fixture.store).process([
                sender.work("session.create", alice, id: "1")
            ])
            let token = try created[0].token("session")
            let validated = try await fixture.processor(on: waiting).process([
                sender.work("session.validate", ["token": .string(token)], id: "")
            ])
            #expect(try validated[0].data["valid"] == .bool(true))
        }
    }

    @Test("an event that too few replicas have is not taken from the outbox")
    func events() async throws {
        try await run { fixture, waiting in
            let created = try await fixture.processor(on: fixture.store).process([
                Sender(fixture).work("session.create", alice, id: "1")
            ])
            let partition = Partition(of: try created[0].sessionID.handle)
            let left = try await fixture.store.leftEvents(in: partition, olderThan: .zero, after: nil, limit: 10)
            #expect(left.count == 1)
            let refusal = await #expect(throws: StoreError.self) {
                _ = try await waiting.leftEvents(in: partition, olderThan: .zero, after: nil, limit: 10)
            }
            #expect(refusal?.cause == .writesRefused)
        }
    }
}
