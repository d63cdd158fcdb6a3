import SessionContract
import SessionCore
import SessionStore
import Synchronization
import Testing

@testable import SessionWorker

/// A clock that stands still until it is turned.
final class HandClock: Sendable {
    private let now = Mutex(Timestamp(milliseconds: 1_800_000_000_000))

    var time: Timestamp { now.withLock { $0 } }

    func pass(milliseconds: Int64) {
        now.withLock { $0.milliseconds += milliseconds }
    }
}

/// A store whose time is a hand clock's: what Redis decides by its own clock can then be compared.
struct ClockedStore<Base: SessionStore>: SessionStore {
    let base: Base
    let clock: HandClock

    func load(_ requests: [LoadRequest]) async throws(StoreError) -> Loaded {
        Loaded(now: clock.time, aggregates: try await base.load(requests).aggregates)
    }

    func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult] {
        try await base.commit(commits)
    }

    func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError) {
        try await base.clear(entries)
    }

    func release(_ messages: [MessageKey]) async throws(StoreError) {
        try await base.release(messages)
    }
}

@Suite("Redis and its twin in memory")
struct TwinTests {
    @Test("random commands have the same outcomes, events and states on both", arguments: 0..<8)
    func sameOutcomes(run: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        try await RedisFixture.run { fixture in
            let clock = HandClock()
            let twin = InMemorySessionStore(inboxSeconds: 1_000_000_000) { clock.time }
            var script = RandomScript(seed: seed, sender: Sender(fixture))
            let policies = script.policies
            let onRedis = fixture.processor(
                on: ClockedStore(base: fixture.store, clock: clock), policies: policies, seed: seed)
            let onTwin = fixture.processor(on: twin, policies: policies, seed: seed)
            for step in 0..<60 {
                let batch = script.nextBatch()
                let left = try await onRedis.process(batch)
                let right = try await onTwin.process(batch)
                #expect(left.map(\.comparable) == right.map(\.comparable), "seed \(seed), step \(step)")
                script.learn(from: left)
                clock.pass(milliseconds: script.nextPause())
            }
            for subject in RandomScript.subjects {
                let handle = onRedis.manager.tokens.handle(tenant: "default", subject: subject)
                let request = [LoadRequest(handle: handle, scope: .whole)]
                let left = try await fixture.store.load(request).aggregates[0].state.get()
                let right = try await twin.load(request).aggregates[0].state.get()
                #expect(left == right, "seed \(seed), the aggregate of \(subject)")
            }
            #expect(script.statuses.count >= 2, "seed \(seed): the script reaches successes and rejections")
        }
    }
}

extension Completion {
    /// Everything but the result's own id, which is the process's.
    fileprivate var comparable: [String] {
        [String(decoding: result.reply, as: UTF8.self), String(decoding: result.copy, as: UTF8.self)]
            + events.map { String(decoding: $0.event.body, as: UTF8.self) } + ["\(isDuplicate)"]
    }
}

/// Commands at random, with what the ones before gave: tokens old and new, ids living and ended, messages sent twice.
struct RandomScript {
    static let subjects = ["alice", "bob"]

    let policies: PolicyCatalogue
    private let sender: Sender
    private var random: SeededRandom
    private var sessionTokens: [String] = ["sjs_nonsense"]
    private var refreshTokens: [String] = ["sjr_nonsense"]
    private var ids: [String] = ["ses_unknown"]
    private var sent: [Work] = []
    private var count = 0
    private(set) var statuses: Set<String> = []

    init(seed: UInt64, sender: Sender) {
        random = SeededRandom(state: seed)
        self.sender = sender
        var policy = SessionPolicy()
        policy.maxSessions = Int.random(in: 0...3, using: &random)
        policy.onLimit = SessionPolicy.LimitStrategy.allCases.randomElement(using: &random) ?? .reject
        policy.idleSeconds = 100
        policy.absoluteSeconds = 400
        policy.refreshGraceSeconds = Int.random(in: 0...20, using: &random)
        policy.reauthenticationWindowSeconds = 50
        policy.endedSeconds = 200
        policies = PolicyCatalogue(["default": policy])
    }

    mutating func nextBatch() -> [Work] {
        (0..<Int.random(in: 1...6, using: &random)).map { _ in nextWork() }
    }

    mutating func nextPause() -> Int64 {
        Bool.random(using: &random) ? 0 : Int64.random(in: 1...60_000, using: &random)
    }

    mutating func learn(from completions: [Completion]) {
        for completion in completions {
            statuses.insert(completion.result.status.rawValue)
            guard let data = try? completion.data else { continue }
            if let token = data.text("tokens", "session") { sessionTokens.append(token) }
            if let token = data.text("tokens", "refresh") { refreshTokens.append(token) }
            if let id = data.text("session", "id") { ids.append(id) }
        }
    }

    private mutating func nextWork() -> Work {
        if !sent.isEmpty, Int.random(in: 0..<8, using: &random) == 0 { return pick(sent) }
        count += 1
        let work: Work =
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1, 2: make("session.create", create())
            case 3, 4: make("session.validate", ["token": .string(pick(sessionTokens))])
            case 5, 6: make("session.refresh", ["refreshToken": .string(pick(refreshTokens))])
            case 7: make("session.revoke", ["token": .string(pick(sessionTokens))])
            case 8: make("session.revoke", revokeSubject())
            default:
                SessionID(pick(ids)).map {
                    Work(name: nil, content: .command(Command(tenant: "", action: .expire($0))))
                } ?? make("session.revoke", ["sessionId": .string(pick(ids))])
            }
        sent.append(work)
        return work
    }

    private func make(_ command: String, _ body: JSONObject) -> Work {
        sender.work(command, body, id: "m-\(count)")
    }

    private mutating func create() -> JSONObject {
        var body: JSONObject = ["subject": .string(pick(Self.subjects))]
        if Bool.random(using: &random) { body["idleSeconds"] = .integer(Int64.random(in: 1...120, using: &random)) }
        if Bool.random(using: &random) {
            body["device"] = .object(["name": .string("Firefox"), "fingerprint": .string("f\(count)")])
            body["context"] = .object([
                "ip": .string("192.0.2.1"), "latitude": .decimal("52.5"), "longitude": .decimal("13.25"),
            ])
            body["attributes"] = .object(["n": .integer(Int64(count)), "x": .array([.null, .bool(true)])])
            body["authentication"] = .object(["methods": .array([.string("pwd"), .string("otp")])])
        }
        return body
    }

    private mutating func revokeSubject() -> JSONObject {
        var body: JSONObject = ["subject": .string(pick(Self.subjects)), "reason": .string("tidy_up")]
        if Bool.random(using: &random) { body["except"] = .string(pick(ids)) }
        return body
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        // The newest half is picked more often: old tokens are worth trying, not worth most of the tries.
        let start = Bool.random(using: &random) ? elements.count / 2 : 0
        return elements[Int.random(in: start..<elements.count, using: &random)]
    }
}
