import AMQPNIO
import SessionContract

/// A queue that exists with another argument than declared, because an operator or an older version created it.
struct QueueDifference: Hashable, Sendable {
    let queue: String
    let argument: InequivalentArgument

    var sentence: String {
        let found = argument.found.map { "is '\($0)'" } ?? "is not set"
        let wanted = argument.wanted.map { "'\($0)' is wanted" } ?? "it should not be set"
        return "\(argument.name) of the queue \(queue) \(found), where \(wanted)"
    }

    /// Whether using the queue as it is would break a promise (contract §10): commands or quarantined messages could be
    /// silently lost, or callers would not be answered.
    ///
    /// - Parameters:
    ///   - overflow: the queue's actual `x-overflow`.
    ///   - isQuarantine: whether this is the quarantine queue, whose bounds the operator may choose.
    func breaksPromises(overflow: String?, isQuarantine: Bool) -> Bool {
        let refusesWhenFull = overflow?.hasPrefix("reject-publish") == true
        switch argument.name {
        case "x-queue-mode", "x-queue-version", "x-max-priority", "x-single-active-consumer", "x-queue-master-locator",
            "x-queue-leader-locator", "x-quorum-initial-group-size", "x-quorum-target-group-size",
            "x-max-in-memory-length", "x-max-in-memory-bytes":
            // Where messages are stored, and in which order they are delivered.
            return false
        case "x-queue-type":
            // A replicated queue instead of one that is not is fine. A classic queue instead of a replicated one loses
            // its messages with its node, and a stream has no acknowledgements.
            return argument.found != "quorum"
        case "x-delivery-limit":
            // Below the worker's own limit, RabbitMQ would dead-letter commands that nobody has answered.
            guard let found = argument.found else { return false }
            return (Int64(found) ?? 0) < DeliveryReader.maxDeliveries
        case "x-max-length", "x-max-length-bytes":
            // A full command queue may refuse messages, but must not drop the oldest. A full quarantine must drop the
            // oldest: refusing would block the commands behind it.
            guard argument.found != nil else { return false }
            return isQuarantine == refusesWhenFull
        case "x-overflow":
            // Harmless without a limit, but a replicated queue loses dead letters without it.
            return isQuarantine ? refusesWhenFull : argument.wanted != nil
        case "x-message-ttl":
            // Commands would expire without an answer.
            return !isQuarantine
        default:
            // durable, auto_delete, exclusive, x-expires, dead-lettering, and anything unknown.
            return true
        }
    }

    /// Whether the argument alone makes the queue unusable, whatever its other arguments.
    var isAboutItsNature: Bool {
        switch argument.name {
        case "durable", "auto_delete", "exclusive": true
        case "x-queue-type": breaksPromises(overflow: nil, isQuarantine: false)
        default: false
        }
    }
}
