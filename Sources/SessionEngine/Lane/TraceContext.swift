package import AMQPNIO
package import SessionContract

/// The W3C trace context of a command (Trace Context, level 1), copied to its results and events. An invalid one is
/// ignored, and is not an error.
package struct TraceContext: Sendable {
    /// The longest `tracestate` that is forwarded, in bytes. The recommendation requires at least this much.
    private static let maxStateBytes = 512

    /// As it was sent.
    package let traceparent: String
    package let parent: TraceParent
    package let tracestate: String?

    package init?(_ headers: AMQPTable?) {
        guard let headers, let traceparent = headers["traceparent"]?.string, let parent = TraceParent(traceparent)
        else { return nil }
        self.traceparent = traceparent
        self.parent = parent
        tracestate = headers["tracestate"]?.string.flatMap { Self.isFitForAll($0) ? $0 : nil }
    }

    /// What follows from a span of ours; the `tracestate` is the sender's, and goes on unchanged.
    init(_ parent: TraceParent, tracestate: String?) {
        traceparent = parent.text
        self.parent = parent
        self.tracestate = tracestate
    }

    /// The headers that carry the trace context.
    var headers: AMQPTable {
        var headers: AMQPTable = ["traceparent": .string(traceparent)]
        headers["tracestate"] = tracestate.map(AMQPValue.string)
        return headers
    }

    /// Everyone who receives results sees it, so it must be printable ASCII (as the recommendation requires) without a
    /// credential.
    private static func isFitForAll(_ state: String) -> Bool {
        state.utf8.count <= maxStateBytes && state.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
            && !CredentialScan.hasToken(state)
    }
}
