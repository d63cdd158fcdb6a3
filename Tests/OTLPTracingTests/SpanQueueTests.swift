import Testing
import Tracing

@testable import OTLPTracing

@Suite("The queue of spans")
struct SpanQueueTests {
    private let queue = SpanQueue()
    private let collection = SpanCollection()

    private func span(_ number: Int = 0, links: Int = 0) throws -> RecordedSpan {
        let tracer = collection.tracer(ratio: 1)
        let span = tracer.startSpan("\(number)", context: .topLevel)
        for _ in 0..<links { span.addLink(SpanLink(context: span.context, attributes: [:])) }
        span.end()
        return try #require(collection.spans.last)
    }

    private func drain() -> [Int] {
        var counts: [Int] = []
        while case let batch = queue.take(), !batch.isEmpty { counts.append(batch.count) }
        return counts
    }

    @Test("what does not fit is dropped, and there is room again afterwards")
    func count() throws {
        let span = try span()
        for _ in 0..<10_000 { queue.add(span) }
        let counts = drain()
        #expect(counts.allSatisfy { $0 == SpanQueue.Limits.batchSpans })
        #expect(counts.reduce(0, +) == SpanQueue.Limits.spans)
        queue.add(span)
        #expect(drain() == [1])
    }

    @Test("large spans fill it by their bytes, and a batch too")
    func bytes() throws {
        let span = try span(links: 128)
        for _ in 0..<10_000 { queue.add(span) }
        let counts = drain()
        #expect(counts.reduce(0, +) == SpanQueue.Limits.bytes / span.bytes)
        #expect(counts.dropLast().allSatisfy { $0 == SpanQueue.Limits.batchBytes / span.bytes })
    }

    @Test("the oldest leave first")
    func order() throws {
        for number in 0..<3 { queue.add(try span(number)) }
        #expect(queue.take().map(\.name) == ["0", "1", "2"])
    }
}
