import SessionContract
package import Tracing

/// A span that has ended, as it is exported.
package struct RecordedSpan: Sendable {
    package struct Event: Sendable {
        let name: String
        let nanosecondsSinceEpoch: UInt64
        let attributes: SpanAttributes
    }

    package let identity: SpanIdentity
    /// Zero: it is the first of its trace.
    package let parentSpanID: UInt64
    package let kind: SpanKind
    let begin: UInt64
    package internal(set) var end: UInt64
    package internal(set) var name: String
    package internal(set) var attributes = SpanAttributes()
    package internal(set) var links: [SpanIdentity] = []
    var droppedLinks = 0
    var events: [Event] = []
    var status: SpanStatus?

    /// About as much memory as it takes, and as many bytes as it will have in JSON.
    var bytes: Int {
        var bytes = 512 + name.utf8.count + (identity.tracestate?.utf8.count ?? 0)
        attributes.forEach { key, value in bytes += 64 + key.utf8.count + value.bytes }
        for link in links { bytes += 128 + (link.tracestate?.utf8.count ?? 0) }
        for event in events {
            bytes += 128 + event.name.utf8.count
            event.attributes.forEach { key, value in bytes += 64 + key.utf8.count + value.bytes }
        }
        return bytes
    }
}

extension SpanAttribute {
    fileprivate var bytes: Int {
        switch self {
        case .string(let text): text.utf8.count
        default: 16
        }
    }
}
