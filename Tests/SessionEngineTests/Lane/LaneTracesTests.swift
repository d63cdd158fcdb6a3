import AMQPNIO
import InMemoryTracing
import OTLPTracing
import SessionContract
import SessionStorage
import Synchronization
import Testing
import Tracing

@testable import SessionEngine

@Suite("Traces of a lane")
struct LaneTracesTests {
    private final class Spans: Sendable {
        private let ended = Mutex<[RecordedSpan]>([])

        func add(_ span: RecordedSpan) { ended.withLock { $0.append(span) } }

        var all: [RecordedSpan] { ended.withLock { $0 } }

        func named(_ name: String) -> [RecordedSpan] { all.filter { $0.name == name } }
    }

    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    private static let otherParent = "00-11111111111111111111111111111111-b7ad6b7169203331-01"

    private let spans = Spans()

    private func scene(ratio: Double = 0) -> LaneScene {
        let tracer = OTLPTracer(ratio: ratio, tracesPerSecond: 1000, onEnd: spans.add)
        return LaneScene.serving(tracer: CommandTracer(tracer))
    }

    private func message(_ id: String, _ subject: String = "alice", _ parent: String? = Self.parent)
        -> LaneScene.Message
    {
        LaneScene.Message(
            body: #"{"subject":"\#(subject)"}"#, id: id, headers: parent.map { ["traceparent": .string($0)] })
    }

    private func text(_ key: String, of span: RecordedSpan) -> String? {
        if case .string(let text) = span.attributes.get(key) { text } else { nil }
    }

    private func traceparents(of scene: LaneScene) -> [String?] {
        scene.published.filter { $0.exchange == "n.results" }.map { $0.properties.headers?["traceparent"]?.string }
    }

    @Test("a command's span continues its caller's trace, and results and events continue the span")
    func command() async throws {
        let scene = scene()
        scene.deliver([message("1")])
        try await scene.load()
        try await scene.commit()
        #expect(spans.named("process n.commands.manage").isEmpty, "it lasts until the results are confirmed")
        try scene.publish()
        let span = try #require(spans.named("process n.commands.manage").first)
        #expect(span.identity.parent.traceID.text == "0af7651916cd43dd8448eb211c80319c")
        #expect(span.parentSpanText == "b7ad6b7169203331")
        #expect(span.kind == .consumer)
        #expect(text("messaging.message.id", of: span) == "1")
        #expect(text("sojourn.command", of: span) == "session.create")
        #expect(text("sojourn.status", of: span) == "succeeded")
        #expect(text("error.type", of: span) == nil)
        #expect(traceparents(of: scene) == [span.identity.parent.text])
        let event = try #require(scene.published.first { $0.exchange == "n.events" })
        #expect(String(decoding: event.body, as: UTF8.self).contains(#""traceparent":"\#(span.identity.parent.text)""#))
        for name in ["load", "commit", "publish"] {
            let call = try #require(spans.named(name).first)
            #expect(call.parentSpanText == span.identity.parent.spanText)
            #expect(call.links.isEmpty)
        }
    }

    @Test("a call for several commands is a child of the first, with links to the others")
    func batch() async throws {
        let scene = scene()
        scene.deliver([message("1", "alice", nil)])
        scene.deliver([
            message("2", "bob"), message("3", "carol", Self.otherParent), message("4", "dave", nil),
            LaneScene.Message(
                command: "session.validate", body: #"{"token":"x"}"#, id: "5",
                headers: ["traceparent": .string(Self.parent)]),
        ])
        try await scene.load()
        try await scene.commit()
        #expect(spans.all.isEmpty, "none of the first batch is traced")
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        try scene.publish()
        let processed = spans.named("process n.commands.manage")
        #expect(processed.count == 3)
        let first = try #require(processed.first)
        let commit = try #require(spans.named("commit").first)
        #expect(commit.parentSpanText == first.identity.parent.spanText)
        #expect(commit.links.map(\.parent) == [processed[1].identity.parent], "the validation has nothing to commit")
        #expect(commit.attributes.get("db.operation.batch.size") == .int64(3))
        #expect(commit.kind == .client)
        let publish = try #require(spans.named("publish").first)
        #expect(publish.links.map(\.parent) == processed.dropFirst().map(\.identity.parent))
        #expect(publish.kind == .producer)
    }

    @Test("a failure is named by its code, and is an error; a rejection is not")
    func outcomes() async throws {
        let scene = scene()
        scene.deliver([LaneScene.Message(body: "{", id: "1", headers: ["traceparent": .string(Self.parent)])])
        try await scene.load()
        try scene.publish()
        let failed = try #require(spans.named("process n.commands.manage").first)
        #expect(text("sojourn.status", of: failed) == "failed")
        #expect(text("error.type", of: failed) == "malformed_message")
        scene.deliver([
            LaneScene.Message(
                body: #"{"subject":"a","policy":"nowhere"}"#, id: "2", headers: ["traceparent": .string(Self.parent)])
        ])
        try await scene.load()
        while scene.wanted.contains("commit") { try await scene.commit() }
        try scene.publish()
        let rejected = try #require(spans.named("process n.commands.manage").last)
        #expect(text("sojourn.status", of: rejected) == "rejected")
        #expect(text("sojourn.code", of: rejected) == "policy_not_found")
        #expect(text("error.type", of: rejected) == nil)
    }

    @Test("a call that fails says why, and the command's span goes on")
    func failure() async throws {
        let scene = scene()
        scene.deliver([message("1")])
        try scene.failToLoad(StoreError("gone", .away, mayHaveHappened: false))
        #expect(spans.all.map(\.name) == ["load"])
        #expect(spans.all.first.flatMap { text("error.type", of: $0) } == "away")
        try scene.fireTimer()
        try await scene.load()
        try await scene.commit()
        try scene.publish(.rejected, to: "n.events")
        #expect(spans.named("publish").first.flatMap { text("error.type", of: $0) } == "refused")
        #expect(spans.named("process n.commands.manage").count == 1)
    }

    @Test("a command that returns to its queue ends its span as redelivered")
    func redelivered() throws {
        let scene = scene()
        scene.deliver([message("1")])
        scene.happens(.lost(AMQPError(.connectionClosed, "gone")))
        try scene.failToLoad(StoreError("gone", .away, mayHaveHappened: false))
        scene.drop()
        let span = try #require(spans.named("process n.commands.manage").first)
        #expect(text("error.type", of: span) == "redelivered")
        #expect(text("sojourn.status", of: span) == nil)
    }

    @Test("a context that is not sampled goes on as it came, and nothing is recorded")
    func unsampled() async throws {
        let unsampled = Self.parent.dropLast() + "0"
        let scene = scene(ratio: 1)
        scene.deliver([message("1", "alice", String(unsampled))])
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        #expect(traceparents(of: scene) == [String(unsampled)])
        #expect(spans.all.isEmpty)
        #expect(!scene.reports.contains { if case .calls = $0 { true } else { false } })
    }

    @Test("a command without a context begins a trace if the ratio says so, and its results carry it")
    func root() async throws {
        let scene = scene(ratio: 1)
        scene.deliver([message("1", "alice", nil)])
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        let span = try #require(spans.named("process n.commands.manage").first)
        #expect(span.parentSpanText == nil)
        #expect(traceparents(of: scene) == [span.identity.parent.text])
    }

    @Test("with a tracer of another kind, the caller's context goes on, and its spans are recorded")
    func otherTracer() async throws {
        let tracer = InMemoryTracer()
        let scene = LaneScene.serving(tracer: CommandTracer(tracer))
        scene.deliver([message("1")])
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        #expect(traceparents(of: scene) == [Self.parent])
        #expect(
            tracer.finishedSpans.map(\.operationName) == ["load", "commit", "publish", "process n.commands.manage"])
        #expect(tracer.activeSpans.isEmpty)
    }

    @Test("a message id that could be a credential is not in a span")
    func secretID() async throws {
        let secret = "sjs_k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u-1B0xQ"
        let scene = scene()
        scene.deliver([message(secret)])
        try await scene.load()
        try await scene.commit()
        try scene.publish()
        let span = try #require(spans.named("process n.commands.manage").first)
        #expect(text("messaging.message.id", of: span) == "[withheld]")
    }
}

extension RecordedSpan {
    fileprivate var parentSpanText: String? {
        parentSpanID == 0 ? nil : TraceParent(traceID: identity.parent.traceID, spanID: parentSpanID, flags: 0).spanText
    }
}
