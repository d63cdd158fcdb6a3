import SessionContract
import SessionCore
import SessionStorage
import Testing

@testable import SessionEngine

@Suite("The limits of a batch")
struct BatchLimitTests {
    @Test(
        "a large subject is not loaded with others, and its commands are carried out separately",
        .timeLimit(.minutes(1)))
    func largeSubjectApart() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store, policies: unlimited)
            let sender = Sender(fixture)
            // Larger than what is loaded together with others.
            try await fill("alice", sessions: 30, sender, processor)

            let list = sender.work("session.list", ["subject": .string("alice")], id: "")
            let create = sender.work("session.create", ["subject": .string("bob")], id: "b")
            var completions: [Completion?] = [nil, nil]
            var left = try await processor.process([list, create], into: &completions)
            #expect(left == LeftCommands(again: [], alone: [0]))
            #expect(completions[0] == nil)
            #expect(completions[1]?.result.status == .succeeded)

            completions = [nil]
            left = try await processor.process([list], into: &completions, apart: true)
            #expect(left == LeftCommands())
            #expect(completions[0]?.result.status == .succeeded)
        }
    }

    @Test(
        "the results of one batch are bounded, and the remaining commands are answered all the same",
        .timeLimit(.minutes(1)))
    func resultsAreBounded() async throws {
        try await RedisFixture.run { fixture in
            let processor = await fixture.processor(on: fixture.store, policies: unlimited)
            let sender = Sender(fixture)
            try await fill("alice", sessions: 20, sender, processor)

            let lists = (0..<16).map { _ in sender.work("session.list", ["subject": .string("alice")], id: "") }
            var completions = [Completion?](repeating: nil, count: lists.count)
            let left = try await processor.process(lists, into: &completions, apart: true)
            let written = completions.compactMap(\.self).reduce(0) { $0 + $1.result.reply.count }
            #expect(written > 0)
            #expect(written <= BatchLimits.resultBytes + (2 << 20))
            #expect(left.again.count == completions.count { $0 == nil })

            let all = try await processor.process(lists)
            #expect(all.allSatisfy { $0.result.status == .succeeded })
        }
    }

    private var unlimited: PolicyCatalogue {
        var policy = SessionPolicy()
        policy.maxSessions = 0
        return PolicyCatalogue(["default": policy])
    }

    /// Creates sessions of 16 KB each.
    private func fill(
        _ subject: String, sessions: Int, _ sender: Sender, _ processor: CommandProcessor<RedisSessionStore>
    ) async throws {
        let body: JSONObject = [
            "subject": .string(subject),
            "attributes": .object(["note": .string(String(repeating: "x", count: 16_000))]),
        ]
        let works = (0..<sessions).map { sender.work("session.create", body, id: "\(subject)-\($0)") }
        for completion in try await processor.process(works) { #expect(completion.result.status == .succeeded) }
    }
}
