import ConnectionSupport
import LogMetadata
import Logging
import RedisNIO
import SessionCore

/// The types of events that a consumer's full queue currently refuses, and when to try each again. Every attempt
/// reaches the other consumers once more, so attempts become rarer.
struct EventRefusals {
    private struct Refusal {
        var until: ContinuousClock.Instant
        var backoff = Backoff(initial: .seconds(2), maximum: .seconds(60))
    }

    private let logger: Logger
    /// By type. There are only a few: they are our own.
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

    /// Whether an event of this type may be sent now: while a type is refused, one at a time.
    mutating func maySend(_ type: String) -> Bool {
        guard var refusal = refused[type] else { return true }
        guard refusal.until <= clock() else { return false }
        // This event tries on behalf of all of its type.
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
            "a consumer's queue refuses events: is a bound queue full? They stay in the outbox and will be retried.",
            metadata: [LogKey.eventType: "\(type)", LogKey.reason: "\(reason)"])
    }

    mutating func recordTaken(_ type: String) {
        guard refused.removeValue(forKey: type) != nil else { return }
        logger.info("refused events are accepted again", metadata: [LogKey.eventType: "\(type)"])
    }
}
