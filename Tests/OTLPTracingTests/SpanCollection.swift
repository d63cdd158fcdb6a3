import NIOCore
import Synchronization
import TestSupport
import Tracing

@testable import OTLPTracing

/// A tracer, a clock that only the test moves, and the spans that have ended.
final class SpanCollection: Sendable {
    private let ended = Mutex<[RecordedSpan]>([])
    private let clock = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000))
    private let random = Mutex(SeededRandom(seed: 7))

    func tracer(ratio: Double = 0, tracesPerSecond: Int = 1000) -> OTLPTracer {
        OTLPTracer(
            ratio: ratio, tracesPerSecond: tracesPerSecond, now: { self.clock.withLock { $0 } },
            random: { self.random.withLock { $0.next() } }, onEnd: { span in self.ended.withLock { $0.append(span) } })
    }

    var spans: [RecordedSpan] { ended.withLock { $0 } }

    func pass(_ time: TimeAmount) {
        clock.withLock { $0 = $0 + time }
    }
}

/// Headers as a tracer reads and writes them.
struct Headers: Extractor, Injector {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }

    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
}

extension OTLPTracer {
    func context(_ headers: [String: String]) -> ServiceContext {
        var context = ServiceContext.topLevel
        extract(headers, into: &context, using: Headers())
        return context
    }

    func headers(of context: ServiceContext) -> [String: String] {
        var headers: [String: String] = [:]
        inject(context, into: &headers, using: Headers())
        return headers
    }
}
