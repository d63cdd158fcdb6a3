import Tracing

/// The span of a command, from the call to its result.
enum CommandTrace {
    /// - Parameter body: gets the headers that carry the trace on (contract §2).
    static func recording(
        _ command: String, to exchange: String, _ body: ([String: String]) async throws -> CommandReply
    ) async throws -> CommandReply {
        try await withSpan(CommandMetrics.label(of: command), ofKind: .client) { span in
            span.attributes["messaging.system"] = "rabbitmq"
            span.attributes["messaging.operation.type"] = "send"
            span.attributes["messaging.destination.name"] = exchange
            var headers: [String: String] = [:]
            InstrumentationSystem.tracer.inject(span.context, into: &headers, using: HeaderInjector())
            let reply = try await body(headers)
            span.attributes["sojourn.status"] = reply.status.rawValue
            return reply
        }
    }
}

/// Takes on the headers of W3C trace context, which are those that a worker reads.
private struct HeaderInjector: Injector {
    /// The longest header, in bytes: of a tracestate that others have to pass on (W3C Trace Context §3.3.1.5).
    private static let maximum = 512

    func inject(_ value: String, forKey key: String, into headers: inout [String: String]) {
        let name = key.lowercased()
        guard name == "traceparent" || name == "tracestate", value.utf8.count <= Self.maximum else { return }
        headers[name] = value
    }
}
