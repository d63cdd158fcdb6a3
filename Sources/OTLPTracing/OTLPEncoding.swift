import SessionContract
import Tracing

/// Encodes spans as OTLP/HTTP with JSON requires: `ExportTraceServiceRequest` in the JSON of Protocol Buffers, but ids in
/// hexadecimal and enumerations as numbers (OTLP 1.x, "JSON Protobuf Encoding").
package enum OTLPEncoding {
    package static func request(_ spans: [RecordedSpan], from resource: TraceResource) -> [UInt8] {
        JSONWriter.object(capacity: 1024 * (1 + spans.count)) { json in
            json.array("resourceSpans") { json in
                json.object { json in
                    json.object("resource") { json in
                        json.array("attributes") { json in
                            for (key, value) in resource.attributes { write(key, .string(value), &json) }
                        }
                    }
                    json.array("scopeSpans") { json in
                        json.object { json in
                            json.object("scope") { json in
                                json.member("name", "sojourn")
                                json.member("version", resource.version)
                            }
                            json.array("spans") { json in
                                for span in spans { json.object { write(span, &$0) } }
                            }
                        }
                    }
                }
            }
        }
    }

    private static func write(_ span: RecordedSpan, _ json: inout JSONWriter) {
        write(span.identity, &json)
        if span.parentSpanID != 0 {
            let parent = TraceParent(traceID: span.identity.parent.traceID, spanID: span.parentSpanID, flags: 0)
            json.member("parentSpanId", parent.spanText)
        }
        json.member("name", span.name)
        json.member("kind", number(of: span.kind))
        json.member("startTimeUnixNano", "\(span.begin)")
        json.member("endTimeUnixNano", "\(span.end)")
        json.array("attributes") { write(span.attributes, &$0) }
        if !span.events.isEmpty {
            json.array("events") { json in
                for event in span.events {
                    json.object { json in
                        json.member("timeUnixNano", "\(event.nanosecondsSinceEpoch)")
                        json.member("name", event.name)
                        json.array("attributes") { write(event.attributes, &$0) }
                    }
                }
            }
        }
        if !span.links.isEmpty {
            json.array("links") { json in
                for link in span.links { json.object { write(link, &$0) } }
            }
        }
        if span.droppedLinks > 0 { json.member("droppedLinksCount", span.droppedLinks) }
        if let status = span.status {
            json.object("status") { json in
                json.member("code", number(of: status.code))
                json.member("message", status.message)
            }
        }
    }

    private static func write(_ identity: SpanIdentity, _ json: inout JSONWriter) {
        json.member("traceId", identity.parent.traceID.text)
        json.member("spanId", identity.parent.spanText)
        json.member("traceState", identity.tracestate)
        json.member("flags", Int(identity.parent.flags))
    }

    private static func write(_ attributes: SpanAttributes, _ json: inout JSONWriter) {
        // Not in the order of a dictionary, so that the same span always has the same text.
        var all: [(key: String, value: SpanAttribute)] = []
        attributes.forEach { all.append(($0, $1)) }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { write(key, value, &json) }
    }

    private static func write(_ key: String, _ value: SpanAttribute, _ json: inout JSONWriter) {
        json.object { json in
            json.member("key", key)
            json.object("value") { json in
                switch value {
                case .int64(let number): json.member("intValue", "\(number)")
                case .bool(let flag): json.member("boolValue", flag)
                case .double(let number): write(number, &json)
                case .string(let text): json.member("stringValue", text)
                // ``OTLPSpan`` keeps no others.
                default: json.member("stringValue", "")
                }
            }
        }
    }

    /// Protocol Buffers write what JSON's numbers cannot express as texts.
    private static func write(_ number: Double, _ json: inout JSONWriter) {
        json.key("doubleValue")
        if number.isFinite {
            json.raw(Array("\(number)".utf8))
        } else {
            json.string(number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity")
        }
    }

    /// `Span.SpanKind`.
    private static func number(of kind: SpanKind) -> Int {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    /// `Status.StatusCode`.
    private static func number(of code: SpanStatus.Code) -> Int {
        switch code {
        case .ok: 1
        case .error: 2
        }
    }
}
