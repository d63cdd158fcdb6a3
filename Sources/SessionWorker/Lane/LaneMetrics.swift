import Metrics
import SessionContract

/// What a lane counts. Labels are few and fixed: commands, statuses and codes.
struct LaneMetrics {
    private struct Answer: Hashable {
        let command: String
        let status: WrittenResult.Status
        let code: String?
    }

    private let batchSize = Recorder(label: "sojourn_batch_commands")
    private let batchSeconds = Recorder(label: "sojourn_batch_seconds")
    let droppedCopies = Counter(label: "sojourn_result_copies_dropped_total")
    /// Made once each: to look a counter up costs more than to count.
    private var answers: [Answer: Counter] = [:]

    mutating func record(batch: [Completion], seconds: Double) {
        batchSize.record(batch.count)
        batchSeconds.record(seconds)
        for completion in batch {
            let answer = Answer(
                command: completion.result.command, status: completion.result.status, code: completion.refusal?.code)
            counter(for: answer).increment()
        }
    }

    private mutating func counter(for answer: Answer) -> Counter {
        if let counter = answers[answer] { return counter }
        let counter = Counter(
            label: "sojourn_commands_total",
            dimensions: [
                ("command", answer.command), ("status", answer.status.rawValue), ("code", answer.code ?? ""),
            ])
        answers[answer] = counter
        return counter
    }
}
