import Metrics
import NIOCore
import SessionContract
import SessionCore
import SessionStorage

/// What a lane counts and times. Label values come from closed sets: the contract's commands, statuses and codes, and
/// our own queues; an unknown command is `unknown`.
///
/// Handles are created once, because looking one up costs more than using it.
struct LaneMetrics {
    private struct Answer: Hashable {
        let command: String
        let queue: Topology.CommandQueue
        let status: WrittenResult.Status
        let code: String?
    }

    private struct AnswerHandles {
        let count: Counter
        let processing: Recorder
        let messaging: Recorder
    }

    private let batchSize = Recorder(label: "sojourn_batch_commands")
    private let batchSeconds = Recorder(label: "sojourn_batch_seconds")
    private let droppedCopies = Counter(label: "sojourn_result_copies_dropped_total")
    private let publishedEvents = Counter(label: "sojourn_events_published_total")
    private let namespace: String
    private var answers: [Answer: AnswerHandles] = [:]
    /// By command: from receiving it to its results being confirmed.
    private let answerSeconds: [String: Recorder]
    private let quarantined: [Failure.Code: Counter]
    private let givenUp = Self.quarantine(reason: "too_many_deliveries")
    private let retried: [StoreError.Cause: Counter]

    /// - Parameter namespace: for the names of queues.
    init(namespace: String) {
        self.namespace = namespace
        let names = CommandName.all.map(\.rawValue) + [ResultWriter.unknownCommand]
        answerSeconds = Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, Recorder(label: "sojourn_command_answer_seconds", dimensions: [("command", $0)]))
            })
        quarantined = Dictionary(
            uniqueKeysWithValues: Failure.Code.allCases.filter(\.isQuarantined).map {
                ($0, Self.quarantine(reason: $0.rawValue))
            })
        retried = Dictionary(
            uniqueKeysWithValues: StoreError.Cause.allCases.map {
                ($0, Counter(label: "sojourn_retried_commands_total", dimensions: [("cause", $0.rawValue)]))
            })
        // A series that begins at 0 shows its first increase.
        for command in CommandName.all {
            let queue = Topology.CommandQueue(for: command.traits.work)
            _ = handles(for: Answer(command: command.rawValue, queue: queue, status: .succeeded, code: nil))
        }
    }

    /// Commands have been decided and stored, `seconds` after their batch began.
    mutating func record(_ completions: [Completion], of items: [LaneItem], seconds: Double) {
        batchSize.record(completions.count)
        batchSeconds.record(seconds)
        // Consecutive commands mostly have the same answer, which then needs no lookup.
        var run: (answer: Answer, handles: AnswerHandles, count: Int)?
        for (item, completion) in zip(items, completions) {
            let answer = Answer(
                command: completion.result.command, queue: item.queue, status: completion.result.status,
                code: completion.error?.code)
            if run?.answer == answer {
                run?.count += 1
            } else {
                if let run { run.handles.count.increment(by: run.count) }
                run = (answer, handles(for: answer), 1)
            }
            run?.handles.processing.record(seconds)
            run?.handles.messaging.record(seconds)
            if completion.isQuarantined, let code = completion.failure?.code { quarantined[code]?.increment() }
        }
        if let run { run.handles.count.increment(by: run.count) }
    }

    /// The results of commands have been confirmed.
    func recordAnswered(_ items: [LaneItem], events: Int, now: NIODeadline) {
        publishedEvents.increment(by: events)
        var run: (command: CommandName?, seconds: Recorder?)?
        for item in items {
            let command = item.work.name
            if run == nil || run?.command != command {
                run = (command, answerSeconds[command?.rawValue ?? ResultWriter.unknownCommand])
            }
            run?.seconds?.record(Double((now - item.arrivedAt).nanoseconds) / 1e9)
        }
    }

    func recordGivenUp(_ count: Int) { givenUp.increment(by: count) }
    func recordRetry(of count: Int, _ cause: StoreError.Cause) { retried[cause]?.increment(by: count) }
    func recordDroppedCopies(_ count: Int) { droppedCopies.increment(by: count) }

    private mutating func handles(for answer: Answer) -> AnswerHandles {
        if let handles = answers[answer] { return handles }
        let handles = AnswerHandles(
            count: Counter(
                label: "sojourn_commands_total",
                dimensions: [
                    ("command", answer.command), ("status", answer.status.rawValue), ("code", answer.code ?? ""),
                ]),
            processing: Recorder(
                label: "sojourn_command_process_seconds", dimensions: [("command", answer.command)]),
            messaging: Recorder(
                label: "messaging_process_duration_seconds",
                dimensions: [
                    ("messaging_system", "rabbitmq"), ("messaging_operation_name", "process"),
                    ("messaging_destination_name", answer.queue.name(in: namespace)),
                    ("error_type", answer.status == .failed ? answer.code ?? "" : ""),
                ]))
        answers[answer] = handles
        return handles
    }

    private static func quarantine(reason: String) -> Counter {
        Counter(label: "sojourn_quarantined_total", dimensions: [("reason", reason)])
    }
}
