import LogRecording
import SessionCore
import SessionCrypto
import SessionStorage
import Testing

@testable import SessionEngine

@Suite("Policies set by command")
struct PoliciesInForceTests {
    private let log = LogRecorder()
    private let manager: SessionManager
    private let policies: PoliciesInForce

    init() {
        let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
        manager = SessionManager(
            tokens: TokenCodec(keyring: keyring, namespace: "n"), factors: FactorCodec(keyring: keyring, namespace: "n")
        )
        policies = PoliciesInForce(handle: manager.policiesHandle, logger: log.logger) { PolicyCatalogue() }
    }

    /// A store in which the policy `mine` was set once for each of these idle times.
    private func store(_ idleSeconds: Int...) async throws -> InMemorySessionStore {
        let store = InMemorySessionStore(inboxSeconds: 60) { Timestamp(milliseconds: 0) }
        for seconds in idleSeconds {
            let loaded = try await store.load([LoadRequest(handle: manager.policiesHandle, scope: .whole)])
            var transaction = SubjectTransaction(
                on: try loaded.aggregates[0].state.get(), now: loaded.now, policies: PolicyCatalogue(),
                random: SystemRandomNumberGenerator())
            var policy = SessionPolicy()
            policy.idleSeconds = seconds
            _ = try manager.decide(
                Command(tenant: "default", action: PutPolicy(name: "mine", policy: policy)),
                in: &transaction)
            _ = try await store.commit([Commit(transaction, events: [], results: [])])
        }
        return store
    }

    /// The idle time of `mine` after a poll.
    private func look(at store: InMemorySessionStore) async throws -> Int? {
        try await policies.refresh(from: store)
        return policies.catalogue["mine", tenant: "default"]?.idleSeconds
    }

    @Test("a policy is in force after the next poll, and reported once")
    func put() async throws {
        let store = try await store(60)
        for _ in 0..<3 { #expect(try await look(at: store) == 60) }
        #expect(log.lines == ["info policies set by command have changed and are in force"])
    }

    @Test("a policy that Redis lost is no longer in force, and those set afterwards are")
    func loss() async throws {
        #expect(try await look(at: store(60, 61, 62, 63)) == 63)
        let empty = try await store()
        for _ in 0..<3 { #expect(try await look(at: empty) == nil) }
        #expect(try await look(at: store(77)) == 77)
        #expect(log.lines.count == 3)
    }

    @Test("setting the same policy again is not a change")
    func same() async throws {
        #expect(try await look(at: store(60)) == 60)
        #expect(try await look(at: store(60, 60)) == 60)
        #expect(log.lines.count == 1)
    }
}
