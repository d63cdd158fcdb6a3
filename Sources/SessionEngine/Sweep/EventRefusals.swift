import ConnectionSupport
import Logging
import RedisNIO
import SessionCore

/// Which types of events a consumer's full queue refuses at present, and when each is tried again: every attempt reaches the
/// other consumers once more, so there are fewer and fewer.
struct EventRefusals {
    private struct Refusal {
        var until: ContinuousClock.Instant
        var backoff = Backoff(initial: .seconds(2), maximum: .seconds(60))
    }

    private let logger: Logger
    /// By type, of which there are few: they are ours.
    private var refused: [String: Refusal] = [:]
    private let clock: @Sendable () -> ContinuousClock.Instant
    private var random: any RandomNumberGenerator & Sendable

    init(
        logger: Logger, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.logger = logger
        self.clock = clock
        self.random = random
    }

    /// Whether an event of this type is to be sent now: while a type is refused, one at a time.
    mutating func maySend(_ type: String) -> Bool {
        guard var refusal = refused[type] else { return true }
        guard refusal.until <= clock() else { return false }
        // This one tries for all of them.
        refusal.until = clock() + refusal.backoff.next(using: &random)
        refused[type] = refusal
        return true
    }

    mutating func record(_ type: String, because reason: String) {
        guard refused[type] == nil else { return }
        var refusal = Refusal(until: clock())
        refusal.until += refusal.backoff.next(using: &random)
        refused[type] = refusal
        logger.warning(
            "a consumer's queue refuses events: is one bound that is full? They stay in the outbox and are tried again.",
            metadata: [LogKey.eventType: "\(type)", LogKey.reason: "\(reason)"])
    }

    mutating func recordTaken(_ type: String) {
        guard refused.removeValue(forKey: type) != nil else { return }
        logger.info("events that were refused are taken again", metadata: [LogKey.eventType: "\(type)"])
    }
}
