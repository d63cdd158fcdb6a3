package import NIOCore
import SessionContract
package import Tracing

/// A tracer of swift-distributed-tracing that speaks W3C Trace Context, and passes the spans that it samples on to be
/// exported.
package final class OTLPTracer: Tracer {
    private let sampler: TraceSampler
    private let onEnd: @Sendable (RecordedSpan) -> Void
    private let random: @Sendable () -> UInt64

    /// - Parameters:
    ///   - ratio: the share of commands without a trace that begin one, 0 to 1.
    ///   - tracesPerSecond: the most traces to record, whoever asks for it.
    ///   - random: for ids.
    ///   - onEnd: receives each recorded span. Must not block.
    package init(
        ratio: Double, tracesPerSecond: Int, now: @escaping @Sendable () -> NIODeadline = { .now() },
        random: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) },
        onEnd: @escaping @Sendable (RecordedSpan) -> Void
    ) {
        sampler = TraceSampler(ratio: ratio, perSecond: tracesPerSecond, now: now)
        self.random = random
        self.onEnd = onEnd
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.spanIdentity
        let traceID = parent?.parent.traceID ?? TraceParent.TraceID(high: random(), low: nonzero())
        guard sampler.records(traceID, under: parent) else { return OTLPSpan(nil, context: context, onEnd: onEnd) }
        // What later versions mean by the other flags is unknown, and must not be passed on.
        let flags = TraceParent.sampled | (parent?.parent.flags ?? 0) & TraceParent.random
        let identity = SpanIdentity(
            TraceParent(traceID: traceID, spanID: nonzero(), flags: flags),
            tracestate: parent?.tracestate, isRemote: false)
        context.spanIdentity = identity
        let begin = instant().nanosecondsSinceEpoch
        let span = RecordedSpan(
            identity: identity, parentSpanID: parent?.parent.spanID ?? 0, kind: kind, begin: begin, end: begin,
            name: operationName)
        return OTLPSpan(span, context: context, onEnd: onEnd)
    }

    /// Exporting is the service's own matter.
    package func forceFlush() {}

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: "traceparent", from: carrier).flatMap(TraceParent.init) else {
            return
        }
        context.spanIdentity = SpanIdentity(
            parent, tracestate: extractor.extract(key: "tracestate", from: carrier), isRemote: true)
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let identity = context.spanIdentity else { return }
        injector.inject(identity.parent.text, forKey: "traceparent", into: &carrier)
        if let state = identity.tracestate { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }

    private func nonzero() -> UInt64 {
        while true {
            let number = random()
            if number != 0 { return number }
        }
    }
}
