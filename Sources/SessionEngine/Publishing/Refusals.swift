import LogMetadata
import Logging
import Metrics
import NIOCore

/// Reports once that consumers' queues refuse messages of an exchange, and once that they accept them again.
///
/// If a queue with `x-overflow: reject-publish` is full, the broker rejects the whole publish, although every other
/// queue has accepted it. AMQP does not say which queue it is.
struct Refusals {
    /// How long there must be no refusal before it counts as over: a queue that drains slowly accepts some messages and
    /// refuses others.
    private static let quiet = TimeAmount.seconds(30)

    private let logger: Logger
    private var last: [String: NIODeadline] = [:]
    private let refused = Counter(label: "sojourn_refused_publishes_total")

    init(logger: Logger) {
        self.logger = logger
    }

    /// - Parameter remedy: what happens to these messages.
    mutating func record(_ count: Int, to exchange: String, because reason: String, remedy: String, now: NIODeadline) {
        refused.increment(by: count)
        if last.updateValue(now, forKey: exchange) == nil {
            logger.warning(
                "a consumer's queue refuses messages: is a bound queue full? \(remedy)",
                metadata: [LogKey.exchange: "\(exchange)", LogKey.reason: "\(reason)"])
        }
    }

    /// Records that everything was accepted.
    mutating func recordSuccess(now: NIODeadline) {
        guard !last.isEmpty else { return }
        for (exchange, time) in last where now - time >= Self.quiet {
            last[exchange] = nil
            logger.info("the consumers' queues accept messages again", metadata: [LogKey.exchange: "\(exchange)"])
        }
    }
}
