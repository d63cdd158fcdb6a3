import SessionContract
import Testing
import Tracing

@testable import OTLPTracing

@Suite("The tracer")
struct TracerTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private let collection = SpanCollection()

    private func parent(_ flags: String) -> [String: String] {
        ["traceparent": "00-\(Self.trace)-b7ad6b7169203331-\(flags)", "tracestate": "vendor=value"]
    }

    @Test("a span continues the trace that its parent says is sampled, and hands it on as its own")
    func child() throws {
        let tracer = collection.tracer()
        let span = tracer.startSpan("a", context: tracer.context(parent("03")), ofKind: .consumer)
        #expect(span.isRecording)
        let headers = tracer.headers(of: span.context)
        let own = try #require(headers["traceparent"].flatMap(TraceParent.init))
        #expect(own.traceID.text == Self.trace)
        #expect(own.spanText != "b7ad6b7169203331")
        #expect(own.flags == 3, "sampled, and still random")
        #expect(headers["tracestate"] == "vendor=value")
        span.end()
        span.end()
        #expect(!span.isRecording)
        let recorded = try #require(collection.spans.first)
        #expect(collection.spans.count == 1, "a span ends once")
        #expect(recorded.parentSpanID == 0xb7ad_6b71_6920_3331)
        #expect(recorded.identity.parent == own)
    }

    @Test("a trace that is not sampled is handed on as it came", arguments: ["00", "02", "fe"])
    func unsampled(flags: String) {
        let tracer = collection.tracer(ratio: 1)
        let context = tracer.context(parent(flags))
        let span = tracer.startSpan("a", context: context)
        #expect(!span.isRecording)
        #expect(tracer.headers(of: span.context) == parent(flags))
        span.attributes["a"] = 1
        span.end()
        #expect(collection.spans.isEmpty)
    }

    @Test(
        "an invalid context is none",
        arguments: ["", "00-x", "00-\(String(repeating: "0", count: 32))-1111111111111111-01"])
    func invalid(text: String) {
        let tracer = collection.tracer()
        #expect(tracer.context(["traceparent": text, "tracestate": "a=b"]).spanIdentity == nil)
    }

    @Test("children of a recorded span are recorded, and link to others")
    func tree() throws {
        let tracer = collection.tracer(ratio: 1, tracesPerSecond: 2)
        let first = tracer.startSpan("first", context: .topLevel)
        let second = tracer.startSpan("second", context: .topLevel)
        for _ in 0..<5 {
            let child = tracer.startSpan("child", context: first.context)
            child.addLink(second)
            child.end()
        }
        let children = collection.spans
        #expect(children.count == 5, "the limit is on traces")
        #expect(children.allSatisfy { $0.parentSpanID == first.context.spanIdentity?.parent.spanID })
        #expect(children.allSatisfy { $0.links == [second.context.spanIdentity] })
        #expect(first.context.spanIdentity?.parent.traceID != second.context.spanIdentity?.parent.traceID)
        #expect(tracer.startSpan("third", context: .topLevel).isRecording == false)
    }

    @Test("a span never becomes large")
    func bounds() throws {
        let tracer = collection.tracer(ratio: 1)
        let span = tracer.startSpan("a", context: .topLevel)
        let long = String(repeating: "é", count: 100_000)
        span.operationName = long
        span.updateAttributes { attributes in
            for number in 0..<1000 { attributes["\(number)"] = long }
        }
        for _ in 0..<1000 {
            span.addLink(SpanLink(context: span.context, attributes: [:]))
            span.addEvent(SpanEvent(name: long, attributes: ["a": .string(long)]))
        }
        span.setStatus(SpanStatus(code: .error, message: long))
        span.end()
        let recorded = try #require(collection.spans.first)
        #expect(recorded.links.count == 128)
        #expect(recorded.droppedLinks == 872)
        #expect(recorded.attributes.count == 32)
        #expect(recorded.events.count == 16)
        #expect(recorded.bytes < 60_000)
        let resource = TraceResource(namespace: "n", version: "1", instance: "i")
        #expect(OTLPEncoding.request([recorded], from: resource).count < 60_000)
    }

    @Test("an error is recorded by its type, because its text may quote a sender")
    func error() throws {
        struct Quoting: Error, CustomStringConvertible {
            let description = "sjs_secret"
        }
        let tracer = collection.tracer(ratio: 1)
        let span = tracer.startSpan("a", context: .topLevel)
        span.recordError(Quoting())
        span.end()
        let recorded = try #require(collection.spans.first)
        let text = String(
            decoding: OTLPEncoding.request(
                [recorded], from: TraceResource(namespace: "n", version: "1", instance: "i")),
            as: UTF8.self)
        #expect(text.contains(#""exception.type","value":{"stringValue":"Quoting"}"#))
        #expect(!text.contains("sjs_"))
    }

    @Test("a clock that is set back makes no negative duration")
    func clockSetBack() throws {
        let tracer = collection.tracer(ratio: 1)
        let span = tracer.startSpan(
            "a", context: .topLevel, at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 1000))
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 1))
        #expect(collection.spans.map(\.end) == [1000])
    }
}
