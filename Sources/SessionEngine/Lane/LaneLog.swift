import AMQPNIO
import Logging
import Metrics
import NIOCore
import SessionContract
import SessionCore
import SessionStorage

/// Tells operators what happens in a lane: counts it, and logs what is worth a line.
struct LaneLog {
    /// The number of the lane, for health.
    let number: Int
    let queueNames: [Topology.CommandQueue: String]
    /// Whether Redis takes writes, for all lanes together.
    let writes: SharedHealth
    let logger: Logger
    private var metrics = LaneMetrics()
    private var refusals: Refusals
    private var missingBindings = MissingBindings()

    init(number: Int, queueNames: [Topology.CommandQueue: String], writes: SharedHealth, logger: Logger) {
        self.number = number
        self.queueNames = queueNames
        self.writes = writes
        self.logger = logger
        refusals = Refusals(logger: logger)
    }

    mutating func record(_ report: LaneReport, now: NIODeadline) {
        switch report {
        case .completed(let items, let completions, let seconds):
            metrics.record(batch: completions, seconds: seconds)
            logFailures(completions, of: items)
        case .retry(let count, let failure, let delay):
            logger.warning(
                "Redis did not carry out a batch: it is kept and tried again",
                metadata: [
                    LogKey.count: "\(count)", LogKey.reason: "\(failure.message)",
                    LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)",
                ])
        case .givenUp(let count):
            logger.error(
                "commands were delivered too often and never finished: they are put into quarantine, unanswered",
                metadata: [LogKey.count: "\(count)"])
        case .writesRefused(let reason):
            if let reason { writes.markDown(number, because: reason) } else { writes.markUp(number) }
        case .unbound(let commands):
            for command in missingBindings.newlySeen(commands) {
                logger.warning(
                    "a command of ours came as an unknown one: bind it as `sojourn topology` prints, for it to wait in its own queue",
                    metadata: [LogKey.command: "\(command.rawValue)"])
            }
        case .readingPaused(let isPaused, let heldBytes):
            logger.info(
                isPaused ? "in-flight limit reached: reading paused" : "below the in-flight limit: reading resumed",
                metadata: [LogKey.bytes: "\(heldBytes)"])
        case .refused(let message):
            refusals.record(
                1, to: message.exchange, because: message.reason, remedy: message.kind.remedy, now: now)
        case .taken: refusals.recordSuccess(now: now)
        case .copiesDropped(let count): metrics.droppedCopies.increment(by: count)
        case .unsendable(let exchange, let reason):
            logger.error(
                "a message cannot be published as it is",
                metadata: [LogKey.exchange: "\(exchange)", LogKey.reason: "\(reason)"])
        }
    }

    /// What an operator has to know of single commands: those that could not be read or carried out.
    private func logFailures(_ completions: [Completion], of items: [LaneItem]) {
        for (item, completion) in zip(items, completions) {
            guard let failure = completion.failure else { continue }
            logger.info(
                "a command failed",
                metadata: [
                    LogKey.command: "\(completion.result.command)", LogKey.code: "\(failure.code.rawValue)",
                    LogKey.reason: "\(failure.path.map { "\($0) " } ?? "")\(failure.message)",
                    LogKey.queue: "\(queueNames[item.queue] ?? "")",
                    LogKey.messageId: "\(SenderText.id(item.delivery.properties.messageID))",
                    LogKey.appId: "\(SenderText.id(item.delivery.properties.appID))",
                ])
        }
    }
}

extension RefusedMessage.Kind {
    fileprivate var remedy: String {
        switch self {
        case .event: "The events stay in the outbox and are published again; commands go on."
        case .copy: "The copies of results are offered again for a minute; commands go on."
        }
    }
}
