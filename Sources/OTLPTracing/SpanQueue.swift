import DequeModule
import Metrics
import Synchronization

/// Spans that wait to be exported: a bounded number, in bounded memory. What does not fit is dropped and counted, because
/// no lane waits for a collector.
package final class SpanQueue: Sendable {
    enum Limits {
        static let spans = 8192
        static let bytes = 8 << 20
        /// Per request. Collectors accept several megabytes.
        static let batchSpans = 512
        static let batchBytes = 1 << 20
    }

    private struct State {
        var spans = Deque<(span: RecordedSpan, bytes: Int)>()
        var bytes = 0
    }

    private let state = Mutex(State())
    private let full = Counter(label: "sojourn_trace_spans_dropped_total", dimensions: [("reason", "queue_full")])

    package init() {}

    package func add(_ span: RecordedSpan) {
        let bytes = span.bytes
        let isAdded = state.withLock { state in
            guard state.spans.count < Limits.spans, state.bytes + bytes <= Limits.bytes else { return false }
            state.spans.append((span, bytes))
            state.bytes += bytes
            return true
        }
        if !isAdded { full.increment() }
    }

    /// Removes the oldest spans, as many as one request may have.
    package func take() -> [RecordedSpan] {
        state.withLock { state in
            var batch: [RecordedSpan] = []
            var bytes = 0
            while let next = state.spans.first, batch.count < Limits.batchSpans,
                batch.isEmpty || bytes + next.bytes <= Limits.batchBytes
            {
                state.spans.removeFirst()
                bytes += next.bytes
                batch.append(next.span)
            }
            state.bytes -= bytes
            return batch
        }
    }
}
