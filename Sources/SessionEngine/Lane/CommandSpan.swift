import SessionContract
import Synchronization
import Tracing

/// The recorded span of a command: from its arrival until its results are confirmed.
///
/// If it is dropped before, so was its command, which returns to its queue.
package final class CommandSpan: Sendable {
    /// What results and events carry on; `nil` if the tracer has no W3C context.
    let trace: TraceContext?
    private let span: any Span
    private let hasEnded = Atomic(false)
    private let hasOutcome = Atomic(false)

    init(_ span: any Span, trace: TraceContext?) {
        self.span = span
        self.trace = trace
    }

    deinit {
        fail("redelivered")
        end()
    }

    var context: ServiceContext { span.context }

    /// The command has been carried out, or cannot be.
    func record(_ completion: Completion) {
        let code = completion.error?.code
        span.updateAttributes { attributes in
            attributes["sojourn.command"] = completion.result.command
            attributes["sojourn.status"] = completion.result.status.rawValue
            if let code { attributes["sojourn.code"] = code }
        }
        hasOutcome.store(true, ordering: .relaxed)
        if completion.failure != nil, let code { span.fail(code) }
    }

    /// Its results are confirmed.
    func answered() {
        fail("too_many_deliveries")
        end()
    }

    /// Records why there is no outcome, if there is none.
    private func fail(_ type: String) {
        if !hasEnded.load(ordering: .relaxed), !hasOutcome.load(ordering: .relaxed) { span.fail(type) }
    }

    private func end() {
        if !hasEnded.exchange(true, ordering: .relaxed) { span.end() }
    }
}

extension Span {
    /// - Parameter type: from a closed set, never a message, which may quote a sender.
    func fail(_ type: String) {
        updateAttributes { $0["error.type"] = type }
        setStatus(SpanStatus(code: .error))
    }
}
