import SessionContract
import SessionCore
import SessionStorage
import Testing

@testable import SessionEngine

/// A store with a hand clock, so that decisions that Redis makes by its own clock can be compared.
struct ClockedStore<Base: SessionStore>: SessionStore {
    let base: Base
    let clock: HandClock

    func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded {
        let loaded = try await base.load(requests, budget: budget)
        return Loaded(now: clock.time, revocations: loaded.revocations, aggregates: loaded.aggregates)
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

@Suite("The Redis store and the in-memory store")
struct TwinTests {
    @Test("both stores give the same outcomes, events and states for random commands", arguments: 0..<8)
    func sameOutcomes(run: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        try await RedisFixture.run { fixture in
            let clock = HandClock()
            let twin = InMemorySessionStore(inboxSeconds: 1_000_000_000) { clock.time }
            var script = RandomScript(seed: seed, sender: Sender(fixture))
            let policies = script.policies
            let onRedis = await fixture.processor(
                on: ClockedStore(base: fixture.store, clock: clock), policies: policies, seed: seed)
            let onTwin = await fixture.processor(on: twin, policies: policies, seed: seed)
            for step in 0..<60 {
                let batch = script.nextBatch()
                let left = try await onRedis.process(batch)
                let right = try await onTwin.process(batch)
                #expect(left.map(\.comparable) == right.map(\.comparable), "seed \(seed), step \(step)")
                script.learn(from: left)
                for subject in RandomScript.subjects {
                    let known = try await twin.load([request(for: subject, onTwin.decider.manager)]).aggregates[0].state
                        .get()
                    script.learn(from: known, of: subject)
                }
                clock.pass(milliseconds: script.nextPause())
                script.now = clock.time
            }
            for subject in RandomScript.subjects {
                let request = [request(for: subject, onTwin.decider.manager)]
                let left = try await fixture.store.load(request).aggregates[0].state.get()
                var right = try await twin.load(request).aggregates[0].state.get()
                // The in-memory store, which never loses a write, simply counts.
                #expect(left.revision >= right.revision && (left.revision == 0) == (right.revision == 0))
                right.revision = left.revision
                #expect(left == right, "seed \(seed), the aggregate of \(subject)")
            }
            for session in script.sessions {
                let request = [LoadRequest(handle: session.handle, scope: .sessions([session]), activityOf: [session])]
                let left = try await fixture.store.load(request).aggregates[0].activity
                let right = try await twin.load(request).aggregates[0].activity
                #expect(left == right, "seed \(seed), the activity of \(session)")
            }
            #expect(script.statuses.count >= 2, "seed \(seed): the script reaches successes and rejections")
        }
    }

    private func request(for subject: String, _ manager: SessionManager) -> LoadRequest {
        LoadRequest(handle: manager.tokens.handle(tenant: "default", subject: subject), scope: .whole)
    }
}

extension Completion {
    /// Everything except the result's own id, which each process chooses, and the access token, whose claims may be in
    /// another order.
    fileprivate var comparable: [String] {
        [
            String(decoding: result.reply, as: UTF8.self).replacing(/"access":"[^"]*"/, with: ""),
            String(decoding: result.copy, as: UTF8.self),
        ]
            + events.map { String(decoding: $0.event.body, as: UTF8.self) } + ["\(isDuplicate)"]
    }
}
