import AMQPNIO
import SessionContract
import SessionStorage
package import Tracing

/// Begins the spans of commands, with whatever tracer the process has.
package struct CommandTracer: Sendable {
    private let tracer: any Tracer

    package init(_ tracer: any Tracer) {
        self.tracer = tracer
    }

    /// The tracer that the program has installed in `InstrumentationSystem`; `nil` if there is none.
    package static var installed: CommandTracer? {
        let tracer = InstrumentationSystem.tracer
        return tracer is NoOpTracer ? nil : CommandTracer(tracer)
    }

    /// Begins the span of a command, named as OpenTelemetry's conventions for messaging name it.
    ///
    /// - Parameters:
    ///   - queue: the name of the queue that it came from.
    ///   - caller: the context that it brought, and the only part of its headers that the tracer sees.
    /// - Returns: `nil` if the tracer does not record it.
    func begin(_ delivery: AMQPDelivery, from queue: String, in caller: TraceContext?) -> CommandSpan? {
        var context = ServiceContext.topLevel
        if let caller { tracer.extract(caller, into: &context, using: TraceContextExtractor()) }
        let span = tracer.startSpan("process \(queue)", context: context, ofKind: .consumer)
        guard span.isRecording else {
            span.end()
            return nil
        }
        span.updateAttributes { attributes in
            attributes["messaging.system"] = "rabbitmq"
            attributes["messaging.operation.name"] = "process"
            attributes["messaging.operation.type"] = "process"
            attributes["messaging.destination.name"] = queue
            if let id = delivery.properties.messageID { attributes["messaging.message.id"] = SenderText.id(id) }
        }
        return CommandSpan(span, trace: trace(of: span, in: caller))
    }

    /// What results and events of a command carry on. `nil` if the tracer does not speak W3C Trace Context, or would put
    /// them into another trace than the command.
    private func trace(of span: any Span, in caller: TraceContext?) -> TraceContext? {
        var headers: [String: String] = [:]
        tracer.inject(span.context, into: &headers, using: HeaderInjector())
        guard let parent = headers["traceparent"].flatMap(TraceParent.init),
            caller == nil || caller?.parent.traceID == parent.traceID
        else { return nil }
        return TraceContext(parent, tracestate: caller?.tracestate)
    }

    /// Begins the span of a call to a server for some commands: a child of the first one's, with links to the others'.
    ///
    /// - Parameter spans: not empty.
    func begin(_ call: LaneCall, size: Int, for spans: [CommandSpan]) -> any Span {
        let span = tracer.startSpan(call.name, context: spans[0].context, ofKind: call.kind)
        for other in spans.dropFirst() { span.addLink(SpanLink(context: other.context, attributes: [:])) }
        span.updateAttributes { call.describe(size: size, in: &$0) }
        return span
    }

    /// Begins the span of a pass through a partition in the background.
    ///
    /// - Parameter pass: `relay`, `reap` or `drain`.
    func begin(pass: String, through partition: Partition) -> any Span {
        let span = tracer.startSpan("sweep \(pass)", context: .topLevel, ofKind: .internal)
        span.updateAttributes { $0["sojourn.partition"] = Int(partition.number) }
        return span
    }
}

private struct TraceContextExtractor: Extractor {
    func extract(key: String, from carrier: TraceContext) -> String? {
        switch key.lowercased() {
        case "traceparent": carrier.traceparent
        case "tracestate": carrier.tracestate
        default: nil
        }
    }
}

private struct HeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key.lowercased()] = value
    }
}
