import AMQPNIO
import SessionContract

/// The W3C trace context of a command (Trace Context, level 1), carried on to its results and events. One that is not
/// well formed is no trace context, and no error either.
struct TraceContext: Sendable {
    /// The longest `tracestate` that is carried on, in bytes; the recommendation asks for at least this.
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

    /// The headers that carry it on.
    var headers: AMQPTable {
        var headers: AMQPTable = ["traceparent": .string(traceparent)]
        headers["tracestate"] = tracestate.map(AMQPValue.string)
        return headers
    }

    /// Everybody who listens to results gets it: printable ASCII (the recommendation knows nothing else), and no credential.
    private static func isFitForAll(_ state: String) -> Bool {
        state.utf8.count <= maxStateBytes && state.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
            && !CredentialScan.hasToken(state)
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>`, lower case; neither id all zeros, and not version ff.
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
