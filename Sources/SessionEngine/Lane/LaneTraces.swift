import AMQPNIO
import SessionContract
import SessionStorage
import Tracing

/// Records what happens in a lane as spans, where commands are traced. Costs nothing otherwise.
struct LaneTraces {
    private let tracer: CommandTracer?
    /// The calls that have not been answered.
    private var calls: [LaneCall: any Span] = [:]

    init(_ tracer: CommandTracer?) {
        self.tracer = tracer
    }

    mutating func record(_ report: LaneReport) {
        guard let tracer else { return }
        switch report {
        case .calls(let call, let size, let spans): calls[call] = tracer.begin(call, size: size, for: spans)
        case .completed(let items, let completions, _):
            for (item, completion) in zip(items, completions) { item.span?.record(completion) }
        case .answered(let items, _):
            for item in items { item.span?.answered() }
        case .retry, .givenUp, .writesRefused, .unbound, .readingPaused, .refused, .taken, .copiesDropped, .unsendable:
            break
        }
    }

    /// Ends the span of the call that this event answers.
    mutating func record(_ event: borrowing LaneEvent) {
        guard !calls.isEmpty else { return }
        switch event {
        case .loaded(let id, let result): end(.load(id), result.failure?.cause.rawValue)
        case .committed(let id, let result): end(.commit(id), result.failure?.cause.rawValue)
        case .recorded(let id): end(.record(id), nil)
        case .published(let id, let outcomes, let isChannelOpen):
            let isConfirmed = outcomes.allSatisfy { $0 == .confirmed }
            end(.publish(id), isConfirmed ? nil : isChannelOpen ? "refused" : "channel_closed")
        case .consuming, .delivered, .cancelled, .offered, .lost, .counted, .verified, .released, .cleared, .timerFired,
            .gateEntered, .gateTaken, .gateIsFree, .drain:
            break
        }
    }

    /// Ends the spans of calls whose answers nobody awaits any more, because the connections were lost.
    mutating func abandon() {
        for call in Array(calls.keys) { end(call, "abandoned") }
    }

    private mutating func end(_ call: LaneCall, _ error: String?) {
        guard let span = calls.removeValue(forKey: call) else { return }
        if let error { span.fail(error) }
        span.end()
    }
}

extension Result {
    fileprivate var failure: Failure? {
        switch self {
        case .success: nil
        case .failure(let error): error
        }
    }
}
