import NIOCore
import TestSupport
import Testing

@testable import OTLPTracing

@Suite("Retrying an export")
struct ExportRetryTests {
    private let begin = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func step(
        _ status: Int, retryAfter: Int? = nil, body: String = "", after time: TimeAmount = .zero
    ) -> ExportRetry.Step {
        var retry = ExportRetry(begin: begin)
        var random = SeededRandom(seed: 1)
        let answer = CollectorAnswer(status: status, retryAfter: retryAfter, body: Array(body.utf8))
        return retry.next(after: .success(answer), now: begin + time, using: &random)
    }

    @Test("a collector that has taken the spans may have rejected some of them")
    func taken() {
        #expect(step(200) == .exported(rejected: 0))
        #expect(step(202, body: "{}") == .exported(rejected: 0))
        #expect(
            step(200, body: #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"x"}}"#) == .exported(rejected: 3))
        #expect(step(200, body: #"{"partialSuccess":{"rejectedSpans":3}}"#) == .exported(rejected: 3))
        for body in [
            "rubbish", "[]", #"{"partialSuccess":[]}"#, #"{"partialSuccess":{"rejectedSpans":"-3"}}"#,
            #"{"partialSuccess":{"rejectedSpans":-3}}"#,
            #"{"partialSuccess":{"rejectedSpans":"99999999999999999999"}}"#,
            String(repeating: "[", count: 100_000),
        ] {
            #expect(step(200, body: body) == .exported(rejected: 0))
        }
    }

    @Test("only what OTLP calls retryable is sent again", arguments: [429, 502, 503, 504])
    func retryable(status: Int) {
        guard case .again = step(status) else {
            Issue.record("\(status) must be retried")
            return
        }
    }

    @Test("anything else is final", arguments: [100, 301, 400, 401, 403, 404, 413, 500, 501])
    func final(status: Int) {
        #expect(step(status) == .drop)
    }

    @Test("Retry-After is obeyed, within bounds")
    func retryAfter() {
        #expect(step(503, retryAfter: 7) == .again(after: .seconds(7)))
        #expect(step(503, retryAfter: 0) == .again(after: .zero))
        #expect(step(503, retryAfter: -5) == .again(after: .zero))
        #expect(step(503, retryAfter: .max) == .again(after: .seconds(30)))
    }

    @Test("spans are kept for a minute, and the pauses grow to half of that")
    func patience() {
        var retry = ExportRetry(begin: begin)
        var random = SeededRandom(seed: 1)
        var now = begin
        var pauses: [Duration] = []
        let away = ExportFailure(.unreachable, "away")
        while case .again(let pause) = retry.next(after: .failure(away), now: now, using: &random) {
            pauses.append(pause)
            now = now + TimeAmount(pause)
            #expect(now - begin <= .seconds(60))
        }
        #expect((4...100).contains(pauses.count))
        #expect(pauses.allSatisfy { $0 <= .seconds(30) })
        #expect(step(503, retryAfter: 10, after: .seconds(55)) == .drop, "it would be too late then")
    }
}
