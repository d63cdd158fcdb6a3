import SessionContract
import SessionCore
import SessionCrypto
import SessionStorage
import Testing

@testable import SessionEngine

/// Only keys, for the in-memory store.
private struct NoServer: Installation {
    let namespace = "test"
    let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
}

@Suite("Invariants under random commands")
struct InvariantTests {
    @Test("the session tree, the limits and the events are consistent after any commands", arguments: 0..<20)
    func sound(run: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        let clock = HandClock()
        let store = InMemorySessionStore(inboxSeconds: 1_000_000_000) { clock.time }
        let installation = NoServer()
        var script = RandomScript(seed: seed, sender: Sender(installation))
        let policy = try #require(script.policies["default", tenant: "default"])
        let processor = await installation.processor(on: store, policies: script.policies, seed: seed)
        var histories = Dictionary(uniqueKeysWithValues: RandomScript.subjects.map { ($0, History()) })
        for step in 0..<150 {
            let completions = try await processor.process(script.nextBatch())
            script.learn(from: completions)
            for subject in RandomScript.subjects {
                let comment: Comment = "seed \(seed), step \(step), \(subject)"
                let handle = processor.decider.manager.tokens.handle(tenant: "default", subject: subject)
                let loaded = try await store.load([LoadRequest(handle: handle, scope: .whole)])
                let known = try loaded.aggregates[0].state.get()
                for session in known.sessions.values where loaded.revocations.first(concerning: session) != nil {
                    let told = try await told(of: session.id, by: processor)
                    #expect(["revoked", "expired", nil].contains(told), comment)
                }
                script.learn(from: known, of: subject)
                #expect(faults(in: known, under: policy, at: clock.time) == [], comment)

                var history = try #require(histories[subject])
                for event in completions.flatMap(\.events).map(\.event) {
                    guard case .object(let body) = try JSONReader.read(event.body),
                        body.text("data", "subject") == subject
                    else { continue }
                    history.follow(body)
                }
                #expect(history.faults == [], comment)
                for session in known.sessions.values {
                    #expect(history.living.contains(session.id.text) == session.status.isLiving, comment)
                    #expect(history.locked.contains(session.id.text) == (session.status == .locked), comment)
                }
                histories[subject] = history
            }
            clock.pass(milliseconds: script.nextPause())
            script.now = clock.time
        }
    }

    @Test("a mass revocation that was carried out has ended every session it concerned", arguments: 0..<20)
    func carriedOut(run: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        let clock = HandClock()
        let store = InMemorySessionStore(inboxSeconds: 1_000_000_000) { clock.time }
        let installation = NoServer()
        var script = RandomScript(seed: seed, sender: Sender(installation))
        let processor = await installation.processor(on: store, policies: script.policies, seed: seed)
        let handles = RandomScript.subjects.map {
            processor.decider.manager.tokens.handle(tenant: "default", subject: $0)
        }
        for step in 0..<150 {
            script.learn(from: try await processor.process(script.nextBatch()))
            clock.pass(milliseconds: script.nextPause())
            script.now = clock.time
            guard step % 10 == 9 else { continue }
            let standing = try await store.load([]).revocations
            _ = try await processor.process(
                handles.map {
                    Work(name: nil, content: .command(Command(tenant: "", action: CarryOutRevocations(among: $0))))
                })
            for aggregate in try await store.load(handles.map { LoadRequest(handle: $0, scope: .whole) }).aggregates {
                for session in try aggregate.state.get().sessions.values {
                    guard standing.first(concerning: session) != nil else { continue }
                    #expect(!session.status.isLiving, "seed \(seed), step \(step)")
                    #expect(
                        session.ending?.reason != .expiredIdle || session.ending?.isFinal == true,
                        "seed \(seed), step \(step)")
                }
            }
            guard let latest = standing.latest else { continue }
            _ = try await processor.process([
                Work(name: nil, content: .command(Command(tenant: "", action: ForgetRevocations(until: latest))))
            ])
            #expect(try await store.load([]).revocations.isEmpty)
        }
    }

    /// The status of a session as shown to a caller; `nil` if it is not shown.
    private func told(of id: SessionID, by processor: CommandProcessor<InMemorySessionStore>) async throws -> String? {
        let get = Command(tenant: "default", action: GetSession(.session(id)))
        let work = Work(name: CommandName(of: GetSession.self), content: .command(get))
        return try await processor.process([work])[0].data.text("session", "status")
    }

    /// The inconsistencies of a stored aggregate.
    private func faults(in aggregate: Aggregate, under policy: SessionPolicy, at now: Timestamp) -> [String] {
        var faults: [String] = []
        let living = aggregate.sessions.values.filter(\.status.isLiving)
        for session in living {
            if session.ending != nil { faults.append("\(session.id) lives, and is over") }
            if (session.status == .locked) != (session.lock != nil) { faults.append("\(session.id) is half locked") }
            if living.count(where: { $0.parentID == session.id }) > policy.maxChildren {
                faults.append("\(session.id) has too many children")
            }
            guard let parentID = session.parentID else { continue }
            guard let parent = aggregate.sessions[parentID], parent.status.isLiving else {
                faults.append("\(session.id) outlives its parent")
                continue
            }
            if parent.status == .locked, session.status != .locked {
                faults.append("\(session.id) is free below a lock")
            }
            if session.expiresAt > parent.expiresAt { faults.append("\(session.id) is to outlive its parent") }
            for later in [0, 30, 89, 90, 400].map({ now.adding(seconds: $0) })
            where session.assurance.level(at: later) > parent.assurance.level(at: later) {
                faults.append("\(session.id) is above its parent")
            }
            if parent.parentID.flatMap({ aggregate.sessions[$0]?.parentID }) != nil {
                faults.append("\(session.id) is too deep")
            }
        }
        for session in aggregate.sessions.values where !session.status.isLiving {
            if session.ending == nil { faults.append("\(session.id) ended for no reason") }
            if session.ticket != nil || session.lock != nil {
                faults.append("\(session.id) is over, and has something left")
            }
        }
        for waits in [false, true] {
            let count = living.count { $0.parentID == nil && $0.waitsForFactor == waits }
            if policy.maxSessions > 0, count > policy.maxSessions { faults.append("too many sessions") }
        }
        if aggregate.subject?.isDisabled == true, !living.isEmpty { faults.append("a disabled subject has sessions") }
        return faults
    }
}

/// The state that a consumer of one subject's events derives.
private struct History {
    private(set) var faults: [String] = []
    private(set) var living: Set<String> = []
    private(set) var locked: Set<String> = []
    private var lastSequence = 0
    private var ids: Set<String> = []

    mutating func follow(_ event: JSONObject) {
        let type = event.text("type") ?? ""
        if event.text("sequence") != String(lastSequence + 1) { faults.append("\(type) is out of sequence") }
        lastSequence += 1
        if !ids.insert(event.text("id") ?? "").inserted { faults.append("\(type) has the id of another event") }
        guard let session = event.text("data", "sessionId") else { return }
        switch type {
        case "session.created", "session.transferred":
            if !living.insert(session).inserted { faults.append("\(session) began twice") }
        case "session.revoked", "session.expired", "session.evicted":
            if living.remove(session) == nil { faults.append("\(session) ended twice") }
            locked.remove(session)
        case "session.reauthenticated":
            if locked.contains(session) { faults.append("\(session) was locked, and authenticated anew") }
            living.insert(session)
        case "session.locked":
            if !living.contains(session) || !locked.insert(session).inserted {
                faults.append("\(session) could not be locked")
            }
        case "session.unlocked":
            if locked.remove(session) == nil { faults.append("\(session) was not locked") }
        case "session.suspicious", "session.token.reused": break
        default:
            if !living.contains(session) { faults.append("\(session) is over, and \(type)") }
        }
    }
}
