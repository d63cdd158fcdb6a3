import SessionContract
import Testing
import Tracing

@testable import OTLPTracing

@Suite("OTLP as JSON")
struct EncodingTests {
    @Test("a span with everything is written as the JSON of Protocol Buffers, with ids in hexadecimal")
    func everything() throws {
        let collection = SpanCollection()
        let tracer = collection.tracer()
        let headers = [
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": #"a="b"\c"#,
        ]
        let at = DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 1_800_000_000_000_000_001)
        let span = tracer.startSpan("process \"q\"", context: tracer.context(headers), ofKind: .consumer, at: at)
        span.attributes = [
            "text": "é\n", "number": 5, "flag": true, "half": 0.5, "many": .double(.infinity), "list": .int64Array([1]),
        ]
        span.addEvent(SpanEvent(name: "event", at: at, attributes: ["a": "b"]))
        span.addLink(SpanLink(context: tracer.context(headers), attributes: [:]))
        span.setStatus(SpanStatus(code: .error, message: "why"))
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 1_800_000_000_000_000_002))
        let recorded = try #require(collection.spans.first)
        let text = String(
            decoding: OTLPEncoding.request(
                [recorded], from: TraceResource(namespace: "n", version: "1.2", instance: "i")), as: UTF8.self)
        let own = recorded.identity.parent.spanText
        let context =
            #""traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"\#(own)","traceState":"a=\"b\"\\c","flags":1"#
        let link = context.replacing(own, with: "b7ad6b7169203331")
        let resource = [
            ("service.name", "sojourn"), ("service.namespace", "n"), ("service.version", "1.2"),
            ("service.instance.id", "i"),
        ].map { #"{"key":"\#($0)","value":{"stringValue":"\#($1)"}}"# }.joined(separator: ",")
        let attributes = [
            #"{"key":"flag","value":{"boolValue":true}}"#, #"{"key":"half","value":{"doubleValue":0.5}}"#,
            #"{"key":"list","value":{"stringValue":"unsupported"}}"#,
            #"{"key":"many","value":{"doubleValue":"Infinity"}}"#, #"{"key":"number","value":{"intValue":"5"}}"#,
            #"{"key":"text","value":{"stringValue":"é\n"}}"#,
        ].joined(separator: ",")
        let begin = #"{"resourceSpans":[{"resource":{"attributes":[\#(resource)]},"scopeSpans":[{"scope":{"#
        let name = #""name":"sojourn","version":"1.2"},"spans":[{\#(context),"parentSpanId":"b7ad6b7169203331","#
        let times =
            #""startTimeUnixNano":"1800000000000000001","endTimeUnixNano":"1800000000000000002","attributes":[\#(attributes)],"#
        let event =
            #""events":[{"timeUnixNano":"1800000000000000001","name":"event","attributes":[{"key":"a","value":{"stringValue":"b"}}]}],"#
        let end = #""links":[{\#(link)}],"status":{"code":2,"message":"why"}}]}]}]}"#
        #expect(text == begin + name + #""name":"process \"q\"","kind":5,"# + times + event + end)
    }
}
