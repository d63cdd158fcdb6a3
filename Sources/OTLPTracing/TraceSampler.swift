import Metrics
import NIOCore
import SessionContract
import Synchronization

/// Decides which traces are recorded, where they enter the worker: those whose sampled flag says so, and a share of
/// the commands that bring no trace; of all of them at most so many a second, because any caller can set the flag.
final class TraceSampler: Sendable {
    private struct Allowance {
        var tokens: Double
        var at: NIODeadline
    }

    private let ratio: Double
    private let perSecond: Double
    private let allowance: Mutex<Allowance>
    private let now: @Sendable () -> NIODeadline
    private let limited = Counter(
        label: "sojourn_trace_spans_dropped_total", dimensions: [("reason", "rate_limited")])

    /// - Parameters:
    ///   - ratio: of the commands without a trace, 0 to 1.
    ///   - perSecond: a second's worth may come at once.
    init(ratio: Double, perSecond: Int, now: @escaping @Sendable () -> NIODeadline) {
        self.ratio = ratio
        self.perSecond = Double(perSecond)
        self.now = now
        allowance = Mutex(Allowance(tokens: Double(perSecond), at: now()))
    }

    /// - Parameter parent: `nil` where a trace would begin.
    func records(_ traceID: TraceParent.TraceID, under parent: SpanIdentity?) -> Bool {
        guard let parent else { return isInShare(traceID) && take() }
        guard parent.parent.isSampled else { return false }
        // Children of what is recorded here are part of what was allowed.
        return !parent.isRemote || take()
    }

    /// By the trace id, of which the last seven bytes are random (W3C Trace Context, level 2): every process that has this
    /// ratio makes the same choice.
    private func isInShare(_ traceID: TraceParent.TraceID) -> Bool {
        let random = Double(traceID.low & (1 << 56 - 1)) / Double(1 << 56)
        return random < ratio
    }

    private func take() -> Bool {
        let now = now()
        let isTaken = allowance.withLock { allowance in
            let earned = Double((now - allowance.at).nanoseconds) / 1e9 * perSecond
            allowance.tokens = min(perSecond, allowance.tokens + max(0, earned))
            allowance.at = max(now, allowance.at)
            guard allowance.tokens >= 1 else { return false }
            allowance.tokens -= 1
            return true
        }
        if !isTaken { limited.increment() }
        return isTaken
    }
}
