import Logging
import Metrics
import NIOCore

/// Tells once that consumers' queues refuse what is published to an exchange, and once that they take it again.
///
/// A queue with `x-overflow: reject-publish` that is full has the broker refuse the whole message, though every other queue has
/// taken it. Which queue that is AMQP does not say.
struct Refusals {
    /// So long without a refusal, and it counts as over: a queue that is emptied slowly takes one and refuses the next.
    private static let quiet = TimeAmount.seconds(30)

    private let logger: Logger
    private var last: [String: NIODeadline] = [:]
    private let refused = Counter(label: "sojourn_refused_publishes_total")

    init(logger: Logger) {
        self.logger = logger
    }

    /// - Parameter remedy: what happens with such messages.
    mutating func record(_ count: Int, to exchange: String, because reason: String, remedy: String, now: NIODeadline) {
        refused.increment(by: count)
        if last.updateValue(now, forKey: exchange) == nil {
            logger.warning(
                "a consumer's queue refuses what is published: is one bound that is full? \(remedy)",
                metadata: [LogKey.exchange: "\(exchange)", LogKey.reason: "\(reason)"])
        }
    }

    /// Notes that everything was taken.
    mutating func recordSuccess(now: NIODeadline) {
        guard !last.isEmpty else { return }
        for (exchange, time) in last where now - time >= Self.quiet {
            last[exchange] = nil
            logger.info("the consumers' queues take everything again", metadata: [LogKey.exchange: "\(exchange)"])
        }
    }
}
