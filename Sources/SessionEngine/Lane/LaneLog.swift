import AMQPNIO
import ConnectionSupport
import LogMetadata
import Logging
import NIOCore
import SessionContract
import SessionCore
import SessionStorage

/// Reports what happens in a lane to operators: counts it, and logs what matters.
struct LaneLog {
    /// The lane's number, for health.
    let number: Int
    let queueNames: [Topology.CommandQueue: String]
    /// Whether Redis accepts writes, for all lanes together.
    let writes: SharedHealth
    let logger: Logger
    private var metrics: LaneMetrics
    private var refusals: Refusals
    private var missingBindings = MissingBindings()
    /// Of batches that are retried: while Redis is away or full, hundreds of them say the same.
    private var retries = FailureNews()

    init(
        number: Int, namespace: String, queueNames: [Topology.CommandQueue: String], writes: SharedHealth,
        logger: Logger
    ) {
        self.number = number
        metrics = LaneMetrics(namespace: namespace)
        self.queueNames = queueNames
        self.writes = writes
        self.logger = logger
        refusals = Refusals(logger: logger)
    }

    mutating func record(_ report: LaneReport, now: NIODeadline) {
        switch report {
        case .completed(let items, let completions, let seconds):
            metrics.record(completions, of: items, seconds: seconds)
            logFailures(completions, of: items)
        case .answered(let items, let events): metrics.recordAnswered(items, events: events, now: now)
        case .calls: break
        case .retry(let count, let failure, let delay):
            metrics.recordRetry(of: count, failure.cause)
            guard retries.isNews(failure.message, at: now) else { return }
            logger.warning(
                "Redis did not execute a batch: it will be retried",
                metadata: [
                    LogKey.count: "\(count)", LogKey.reason: "\(failure.message)",
                    LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)",
                ])
        case .givenUp(let count):
            metrics.recordGivenUp(count)
            logger.error(
                "commands were delivered too often and never finished: quarantined without an answer",
                metadata: [LogKey.count: "\(count)"])
        case .writesRefused(let reason):
            if let reason { writes.markDown(number, because: reason) } else { writes.markUp(number) }
        case .unbound(let commands):
            for command in missingBindings.newlySeen(commands) {
                logger.warning(
                    "a known command arrived as an unknown one: its binding is missing, see `sojourn topology`",
                    metadata: [LogKey.command: "\(command.rawValue)"])
            }
        case .readingPaused(let isPaused, let heldBytes):
            logger.info(
                isPaused ? "in-flight limit reached: reading paused" : "below the in-flight limit: reading resumed",
                metadata: [LogKey.bytes: "\(heldBytes)"])
        case .refused(let message):
            refusals.record(message.kind, to: message.exchange, because: message.reason, now: now)
        case .taken: refusals.recordSuccess(now: now)
        case .copiesDropped(let count): metrics.recordDroppedCopies(count)
        case .unsendable(let exchange, let reason):
            logger.error(
                "a message does not fit the protocol and was dropped",
                metadata: [LogKey.exchange: "\(exchange)", LogKey.reason: "\(reason)"])
        }
    }

    /// Logs commands that could not be parsed or executed.
    private func logFailures(_ completions: [Completion], of items: [LaneItem]) {
        for (item, completion) in zip(items, completions) {
            guard let failure = completion.failure else { continue }
            var metadata: Logger.Metadata = [
                LogKey.command: "\(completion.result.command)", LogKey.code: "\(failure.code.rawValue)",
                LogKey.reason: "\(failure.path.map { "\($0) " } ?? "")\(failure.message)",
                LogKey.queue: "\(queueNames[item.queue] ?? "")",
                LogKey.messageId: "\(SenderText.id(item.delivery.properties.messageID))",
                LogKey.appId: "\(SenderText.id(item.delivery.properties.appID))",
            ]
            if let trace = item.work.trace { metadata[LogKey.traceId] = "\(trace.parent.traceID.text)" }
            if let span = item.span?.trace { metadata[LogKey.spanId] = "\(span.parent.spanText)" }
            logger.info("a command failed", metadata: metadata)
        }
    }
}
