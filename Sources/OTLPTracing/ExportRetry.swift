import ConnectionSupport
import NIOCore

/// Decides what happens to spans after each attempt to export them. A value: the exporter does what it decides.
struct ExportRetry {
    /// How long spans are kept for a collector that does not take them. New ones wait meanwhile, in bounded memory.
    static let patience: TimeAmount = .seconds(60)
    /// The longest pause, whatever a collector asks for.
    private static let longestPause: Duration = .seconds(30)

    enum Step: Equatable {
        /// It has the spans, all but this many.
        case exported(rejected: Int)
        case again(after: Duration)
        case drop
    }

    private let begin: NIODeadline
    private var backoff = Backoff(initial: .seconds(1), maximum: longestPause)

    init(begin: NIODeadline) {
        self.begin = begin
    }

    mutating func next(
        after outcome: Result<CollectorAnswer, ExportFailure>, now: NIODeadline,
        using random: inout some RandomNumberGenerator
    ) -> Step {
        var asked: Duration?
        switch outcome {
        case .success(let answer):
            guard let failure = answer.failure else { return .exported(rejected: answer.rejectedSpans) }
            if failure.reason == .refused { return .drop }
            asked = answer.retryAfter.map { min(.seconds(max(0, $0)), Self.longestPause) }
        case .failure: break
        }
        let pause = asked ?? backoff.next(using: &random)
        return now + TimeAmount(pause) - begin > Self.patience ? .drop : .again(after: pause)
    }
}

extension CollectorAnswer {
    /// `nil` if it has taken the spans (OTLP/HTTP, "Response" and "Retryable Response Codes").
    var failure: ExportFailure? {
        switch status {
        case 200..<300: nil
        case 429, 502, 503, 504: ExportFailure(.busy, "it answers with status \(status)")
        case 401, 403: ExportFailure(.refused, "it answers with status \(status): check the headers")
        default: ExportFailure(.refused, "it answers with status \(status)")
        }
    }
}
