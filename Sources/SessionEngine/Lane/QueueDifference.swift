import AMQPNIO
import SessionContract

/// That a queue is there otherwise than it is declared, in one argument: because an operator made it anew, or an older
/// version did.
struct QueueDifference: Hashable, Sendable {
    let queue: String
    let argument: InequivalentArgument

    var sentence: String {
        let found = argument.found.map { "is '\($0)'" } ?? "is not set"
        let wanted = argument.wanted.map { "'\($0)' is wanted" } ?? "it should not be set"
        return "\(argument.name) of the queue \(queue) \(found), where \(wanted)"
    }

    /// Whether to work with the queue as it is would break a promise (contract §10): commands or what is quarantined could
    /// be lost without a word, or nobody would be answered.
    ///
    /// - Parameters:
    ///   - overflow: the queue's own `x-overflow`.
    ///   - isQuarantine: whose bounds are the operator's to choose.
    func breaksPromises(overflow: String?, isQuarantine: Bool) -> Bool {
        let refusesWhenFull = overflow?.hasPrefix("reject-publish") == true
        switch argument.name {
        case "x-queue-mode", "x-queue-version", "x-max-priority", "x-single-active-consumer", "x-queue-master-locator",
            "x-queue-leader-locator", "x-quorum-initial-group-size", "x-quorum-target-group-size",
            "x-max-in-memory-length", "x-max-in-memory-bytes":
            // Where messages lie, and in which order they come.
            return false
        case "x-queue-type":
            // A replicated queue in place of one that is not is more than was asked for. A classic one in place of a
            // replicated one loses what it has with its node, and a stream knows no acknowledgements.
            return argument.found != "quorum"
        case "x-delivery-limit":
            // Below what the worker itself gives up at, RabbitMQ would set commands aside that nobody has answered.
            guard let found = argument.found else { return false }
            return (Int64(found) ?? 0) < DeliveryReader.maxDeliveries
        case "x-max-length", "x-max-length-bytes":
            // A full queue may refuse commands, but not drop the oldest. Of quarantine it is the other way round: who is
            // refused there holds up the commands behind it.
            guard argument.found != nil else { return false }
            return isQuarantine == refusesWhenFull
        case "x-overflow":
            // Nothing by itself where there is no limit; a replicated queue loses dead letters without it.
            return isQuarantine ? refusesWhenFull : argument.wanted != nil
        case "x-message-ttl":
            // Commands would go without an answer.
            return !isQuarantine
        default:
            // durable, auto_delete, exclusive, x-expires, dead-lettering, and whatever is not known here.
            return true
        }
    }

    /// Whether nothing else has to be known to say so.
    var isAboutItsNature: Bool {
        switch argument.name {
        case "durable", "auto_delete", "exclusive": true
        case "x-queue-type": breaksPromises(overflow: nil, isQuarantine: false)
        default: false
        }
    }
}
