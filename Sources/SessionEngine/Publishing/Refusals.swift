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
    private let refused: [RefusedMessage.Kind: Counter]

    init(logger: Logger) {
        self.logger = logger
        refused = Dictionary(uniqueKeysWithValues: RefusedMessage.Kind.allCases.map { ($0, $0.counter) })
    }

    mutating func record(_ kind: RefusedMessage.Kind, to exchange: String, because reason: String, now: NIODeadline) {
        refused[kind]?.increment()
        if last.updateValue(now, forKey: exchange) == nil {
            logger.warning(
                "a consumer's queue refuses messages: is a bound queue full? \(kind.remedy)",
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

extension RefusedMessage.Kind {
    /// Counts the refused messages of this kind, for lanes and sweeps together.
    var counter: Counter { Counter(label: "sojourn_refused_publishes_total", dimensions: [("kind", rawValue)]) }

    /// What happens to these messages.
    fileprivate var remedy: String {
        switch self {
        case .event: "The events stay in the outbox and will be retried; commands continue."
        case .copy: "The copies of results will be retried for a minute; commands continue."
        case .quarantine: "What goes to quarantine will be retried until it is taken; other commands continue."
        }
    }
}
