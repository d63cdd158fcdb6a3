import AMQPNIO
import SessionContract

/// The W3C trace context of a command (Trace Context, level 1), copied to its results and events. An invalid one is
/// ignored, and is not an error.
struct TraceContext: Sendable {
    /// The longest `tracestate` that is forwarded, in bytes. The recommendation requires at least this much.
    private static let maxStateBytes = 512

    let traceparent: String
    let tracestate: String?

    init?(_ headers: AMQPTable?) {
        guard let headers, let traceparent = headers["traceparent"]?.string, Self.isWellFormed(traceparent) else {
            return nil
        }
        self.traceparent = traceparent
        tracestate = headers["tracestate"]?.string.flatMap { Self.isFitForAll($0) ? $0 : nil }
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

    /// The trace id in a well-formed `traceparent`.
    static func traceID(_ traceparent: String) -> String {
        String(traceparent.dropFirst(3).prefix(32))
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>` in lower case; no id is all zeros, and the version is not ff.
    private static func isWellFormed(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let zero = UInt8(ascii: "0")
        return parts.map(\.count) == [2, 32, 16, 2] && !parts[0].elementsEqual("ff".utf8)
            && parts[1].contains { $0 != zero } && parts[2].contains { $0 != zero }
            && parts.allSatisfy { part in
                part.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
                    default: false
                    }
                }
            }
    }
}
