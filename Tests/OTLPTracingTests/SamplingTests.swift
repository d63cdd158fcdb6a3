import NIOCore
import Testing
import Tracing

@testable import OTLPTracing

@Suite("Sampling")
struct SamplingTests {
    private let collection = SpanCollection()

    private func records(_ tracer: OTLPTracer, _ number: Int, flags: String = "01") -> Bool {
        let id = String(repeating: "0", count: 32 - "\(number)".count) + "\(number)"
        let context = tracer.context(["traceparent": "00-\(id)-1111111111111111-\(flags)"])
        return tracer.startSpan("a", context: context).isRecording
    }

    @Test("sampled flags without end cost no more than the limit")
    func flood() {
        let tracer = collection.tracer(tracesPerSecond: 100)
        #expect((1...10_000).count { records(tracer, $0) } == 100)
        collection.pass(.milliseconds(500))
        #expect((1...10_000).count { records(tracer, $0) } == 50)
        collection.pass(.hours(1))
        #expect((1...10_000).count { records(tracer, $0) } == 100, "a pause earns no more than a second's worth")
    }

    @Test("what is not sampled uses up nothing")
    func unsampled() {
        let tracer = collection.tracer(tracesPerSecond: 1)
        for number in 1...1000 { #expect(!records(tracer, number, flags: "00")) }
        #expect(records(tracer, 1))
    }

    @Test(
        "the ratio is the share of traces that begin here",
        arguments: [(0, 0...0), (0.25, 4600...5400), (1, 20_000...20_000)])
    func ratio(ratio: Double, expected: ClosedRange<Int>) {
        let tracer = collection.tracer(ratio: ratio, tracesPerSecond: 10_000)
        var count = 0
        for _ in 0..<20_000 {
            collection.pass(.milliseconds(1))
            if tracer.startSpan("a", context: .topLevel).isRecording { count += 1 }
        }
        #expect(expected.contains(count))
    }
}
