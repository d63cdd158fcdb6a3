import AMQPNIO
import SessionContract

@testable import OTLPTracing
@testable import SessionEngine

// Trace contexts of callers, and what a collector of traces and its operator send.
extension FuzzTarget {
    static var traces: [FuzzTarget] {
        [
            FuzzTarget(
                name: "trace-context", maximumBytes: 128,
                seeds: [
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01vendor=value",
                    "01-00000000000000000000000000000001-0000000000000001-ff",
                ].map { Array($0.utf8) }, run: readTraceContext),
            FuzzTarget(
                name: "collector", maximumBytes: 512,
                seeds: [
                    #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}}"#,
                    "authorization: Bearer x\n# b\na-b: c",
                    "https://[::1]:4318/otlp/", "http://collector",
                ].map { Array($0.utf8) }, run: readCollector),
        ]
    }

    /// The first 55 bytes are the `traceparent`, the rest is the `tracestate`.
    private static func readTraceContext(_ input: [UInt8]) {
        let parent = String(decoding: input.prefix(55), as: UTF8.self)
        let state = String(decoding: input.dropFirst(55), as: UTF8.self)
        let headers: AMQPTable = ["traceparent": .string(parent), "tracestate": .string(state)]
        guard let context = TraceContext(headers) else { return }
        require(context.traceparent == parent, "a context does not go on as it came")
        require(context.parent.text.utf8.count == 55, "a context has another length")
        require(
            context.parent.text.dropFirst(2) == parent.dropFirst(2), "a context changes when it is read and written")
        require(TraceParent(context.parent.text) == context.parent, "a context that was written is read as another")
        require(!CredentialScan.hasToken(context.tracestate ?? ""), "a token goes on")
    }

    private static func readCollector(_ input: [UInt8]) {
        let answer = CollectorAnswer(status: 200, retryAfter: nil, body: input)
        require(answer.rejectedSpans >= 0, "fewer than no spans were rejected")
        if let headers = try? OTLPHeaders(file: input) {
            let plain = headers.all.allSatisfy { $0.value.utf8.allSatisfy { (0x20..<0x7F).contains($0) } }
            require(plain, "a header could end its line")
        }
        if let endpoint = try? OTLPEndpoint(url: String(decoding: input, as: UTF8.self)) {
            require(endpoint.path.hasSuffix("/v1/traces") && endpoint.path.hasPrefix("/"), "a path is none")
            require(
                endpoint.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a path could end the line of the request")
            require("\(endpoint)".utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a host could end its line")
        }
    }
}
