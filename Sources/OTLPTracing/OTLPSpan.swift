import SessionContract
import Synchronization
package import Tracing

/// A span of an ``OTLPTracer``. Recorded or not, it carries the context on.
package final class OTLPSpan: Span {
    package let context: ServiceContext
    /// `nil` once it has ended, and always if it is not recorded.
    private let state: Mutex<RecordedSpan?>
    private let onEnd: @Sendable (RecordedSpan) -> Void

    init(_ span: RecordedSpan?, context: ServiceContext, onEnd: @escaping @Sendable (RecordedSpan) -> Void) {
        self.context = context
        self.onEnd = onEnd
        state = Mutex(span)
    }

    package var isRecording: Bool { state.withLock { $0 != nil } }

    package var operationName: String {
        get { state.withLock { $0?.name ?? "" } }
        set { state.withLock { $0?.name = Self.shortened(newValue) } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock { $0?.attributes ?? [:] } }
        set {
            let bounded = Self.bounded(newValue)
            state.withLock { $0?.attributes = bounded }
        }
    }

    package func setStatus(_ status: SpanStatus) {
        let status = SpanStatus(code: status.code, message: status.message.map(Self.shortened))
        state.withLock { $0?.status = status }
    }

    package func addEvent(_ event: SpanEvent) {
        let event = RecordedSpan.Event(
            name: Self.shortened(event.name), nanosecondsSinceEpoch: event.nanosecondsSinceEpoch,
            attributes: Self.bounded(event.attributes))
        state.withLock { span in
            if let count = span?.events.count, count < SpanLimits.events { span?.events.append(event) }
        }
    }

    /// Only with the error's type: its description may quote what a sender wrote.
    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    package func addLink(_ link: SpanLink) {
        guard let identity = link.context.spanIdentity else { return }
        state.withLock { span in
            guard let count = span?.links.count else { return }
            if count < SpanLimits.links { span?.links.append(identity) } else { span?.droppedLinks += 1 }
        }
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let moment = instant().nanosecondsSinceEpoch
        let ended = state.withLock { $0.take() }
        guard var ended else { return }
        // The machine's clock may have been set back.
        ended.end = max(moment, ended.begin)
        onEnd(ended)
    }

    private static func bounded(_ attributes: SpanAttributes) -> SpanAttributes {
        var bounded = SpanAttributes()
        attributes.forEach { key, value in
            guard bounded.count < SpanLimits.attributes else { return }
            bounded[shortened(key)] = value.bounded
        }
        return bounded
    }

    fileprivate static func shortened(_ text: String) -> String {
        guard text.utf8.count > SpanLimits.text else { return text }
        return String(text.unicodeScalars.prefix(SpanLimits.text / 4))
    }
}

extension SpanAttribute {
    /// What is kept of a value: numbers, flags and texts. Sojourn sets no others.
    fileprivate var bounded: SpanAttribute {
        switch self {
        case .int32(let value): .int64(Int64(value))
        case .int64, .double, .bool: self
        case .string(let text): .string(OTLPSpan.shortened(text))
        case .stringConvertible(let value): .string(OTLPSpan.shortened("\(value)"))
        default: .string("unsupported")
        }
    }
}
