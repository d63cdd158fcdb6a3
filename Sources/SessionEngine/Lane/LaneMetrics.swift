import Metrics
import SessionContract

/// A lane's metrics. Labels are few and fixed: commands, statuses and codes.
struct LaneMetrics {
    private struct Answer: Hashable {
        let command: String
        let status: WrittenResult.Status
        let code: String?
    }

    private let batchSize = Recorder(label: "sojourn_batch_commands")
    private let batchSeconds = Recorder(label: "sojourn_batch_seconds")
    let droppedCopies = Counter(label: "sojourn_result_copies_dropped_total")
    /// Created once each: looking a counter up costs more than incrementing it.
    private var answers: [Answer: Counter] = [:]

    mutating func record(batch: [Completion], seconds: Double) {
        batchSize.record(batch.count)
        batchSeconds.record(seconds)
        // Consecutive commands mostly have the same answer, which then needs no lookup.
        var run: (answer: Answer, count: Int)?
        for completion in batch {
            let answer = Answer(
                command: completion.result.command, status: completion.result.status, code: completion.error?.code)
            if let last = run, last.answer == answer {
                run?.count += 1
            } else {
                if let last = run { counter(for: last.answer).increment(by: last.count) }
                run = (answer, 1)
            }
        }
        if let last = run { counter(for: last.answer).increment(by: last.count) }
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
