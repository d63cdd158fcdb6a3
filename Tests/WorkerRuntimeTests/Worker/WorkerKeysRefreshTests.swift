import LogRecording
import SessionCore
import SessionEngine
import Synchronization
import TestSupport
import Testing

@testable import SessionCrypto
@testable import WorkerRuntime

@Suite("Unknown keys")
struct WorkerKeysRefreshTests {
    /// A service that provides a keyring, counts its calls, and can be made to block.
    private final class Service: KeyProvider {
        let name = "the service"
        private let keyring: Mutex<Keyring>
        private let count = Awaited(0)
        private let isHeld = Awaited(false)

        init(_ keyring: Keyring) {
            self.keyring = Mutex(keyring)
        }

        var reads: Int { count.value }

        func wait(forReads number: Int) async {
            await count.wait { $0 >= number }
        }

        func content() async throws(KeyringError) -> [UInt8] {
            count.change { $0 += 1 }
            await isHeld.wait { !$0 }
            return keyring.withLock { $0.json }
        }

        func give(_ keyring: Keyring) {
            self.keyring.withLock { $0 = keyring }
        }

        /// Provides nothing while `body` runs.
        func holding<Result>(_ body: () async throws -> Result) async rethrows -> Result {
            isHeld.change { $0 = true }
            defer { isHeld.change { $0 = false } }
            return try await body()
        }
    }

    private static let never = Duration.seconds(3600)

    private let service: Service
    private let log = LogRecorder()
    private let old: Keyring
    /// Adds a key that seals and signs from now on.
    private let new: Keyring

    init() throws {
        old = Keyring.generate(at: .wallClock)
        new = try old.rotated(at: .wallClock, after: 0)
        service = Service(old)
    }

    private func keys(_ pace: WorkerKeys.Pace) async throws -> WorkerKeys {
        WorkerKeys(
            .watched(try await Watched(.keyring(from: service, named: "SOJOURN_KEYRING_COMMAND"), logger: log.logger)),
            pace: pace,
            namespace: "n", logger: log.logger)
    }

    private func pace(watch: Duration = never, need: Duration = never, tokensWait: Bool = true) -> WorkerKeys.Pace {
        .init(interval: watch, needInterval: need, tokensWait: tokensWait)
    }

    private func token(of keyring: Keyring) async throws -> String {
        let tokens = await AccessTokens(
            keyring: keyring, at: .wallClock, namespace: "n", issuer: "sojourn", audience: "sojourn")
        let session = SessionID(handle: SubjectHandle(text: "0123456789abcdefghij"), own: "abcDEF012-_z")
        let now = Timestamp.wallClock
        return try tokens.sign(
            AccessTokenClaims(
                id: "jti-1", session: session, generation: 1, tenant: "default", subject: "alice",
                clientID: "anonymous", level: 1, methods: [], authenticatedAt: nil, actor: nil, issuedAt: now,
                expiresAt: now.adding(seconds: 300))
        ).exposed
    }

    private func scheme(_ keys: WorkerKeys) async -> WorkerAccessTokens {
        var configuration = WorkerConfiguration()
        configuration.namespace = "n"
        return await WorkerAccessTokens(keys, configuration)
    }

    @Test("a record with an unknown key rereads the keyring at once, even just after the poll")
    func besideTheWatch() async throws {
        let keys = try await keys(pace(watch: .milliseconds(500)))
        let watching = Task { await keys.watch() }
        await service.wait(forReads: 2)
        service.give(new)
        await keys.refresh(for: .record)
        #expect(keys.sealers.sealer.currentID == new.currentID(at: .wallClock))
        watching.cancel()
        await watching.value
    }

    @Test("concurrent requests share one reread, and rereads are limited")
    func shared() async throws {
        let keys = try await keys(pace())
        let callers = await service.holding {
            let callers = (0..<8).map { _ in
                Task {
                    await keys.refresh(for: .record)
                    return keys.sealers.sealer.currentID
                }
            }
            await service.wait(forReads: 2)
            service.give(new)
            return callers
        }
        for caller in callers { #expect(await caller.value == new.currentID(at: .wallClock)) }
        for _ in 0..<8 { await keys.refresh(for: .record) }
        #expect(service.reads == 2)
    }

    @Test("the keyring is reread again after a while")
    func again() async throws {
        let keys = try await keys(pace(need: .zero))
        for _ in 0..<3 { await keys.refresh(for: .record) }
        #expect(service.reads == 4)
    }

    @Test("an access token with an unknown key is accepted once the keyring has the key")
    func token() async throws {
        let keys = try await keys(pace())
        let tokens = await scheme(keys)
        let text = try await token(of: new)
        service.give(new)
        #expect(await tokens.read(text)?.tenant == "default")
        #expect(service.reads == 2)
        // It also signs, which is logged.
        #expect(String(decoding: tokens.keySet, as: UTF8.self).contains(new.currentID(at: .wallClock)))
    }

    @Test("forged tokens reread the keyring once, and do not use up the reread for records")
    func flood() async throws {
        let keys = try await keys(pace())
        let tokens = await scheme(keys)
        for nonsense in ["", "a.b.c", "..", try await token(of: old).dropLast(4) + "AAAA"] {
            #expect(await tokens.read(String(nonsense)) == nil)
        }
        #expect(service.reads == 1)
        for _ in 0..<20 {
            let stranger = try await token(of: Keyring.generate(at: .wallClock))
            #expect(await tokens.read(stranger) == nil)
        }
        #expect(service.reads == 2)
        service.give(new)
        await keys.refresh(for: .record)
        #expect(keys.sealers.sealer.currentID == new.currentID(at: .wallClock))
    }

    @Test("no token waits for a keyring command, which runs all the same")
    func slow() async throws {
        let keys = try await keys(pace(tokensWait: false))
        let tokens = await scheme(keys)
        let text = try await token(of: new)
        service.give(new)
        await service.holding { #expect(await tokens.read(text) == nil) }
        await log.wait(for: "sealing records with a new key from now on")
        #expect(await tokens.read(text)?.tenant == "default")
        #expect(service.reads == 2)
    }
}
