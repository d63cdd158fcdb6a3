import Metrics
import SessionContract
import SessionCore

/// What a lane counts. Labels are few and fixed: commands, statuses and codes.
struct LaneMetrics: Sendable {
    private let batchSize = Recorder(label: "sojourn_batch_commands")
    private let batchSeconds = Recorder(label: "sojourn_batch_seconds")

    func record(batch: [Completion], seconds: Double) {
        batchSize.record(batch.count)
        batchSeconds.record(seconds)
        for completion in batch {
            Counter(
                label: "sojourn_commands_total",
                dimensions: [
                    ("command", completion.result.command), ("status", completion.result.status.rawValue),
                    ("code", completion.failure?.code.rawValue ?? ""),
                ]
            ).increment()
        }
    }
}
