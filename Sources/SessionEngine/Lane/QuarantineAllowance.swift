import LogMetadata
package import Logging
import Metrics
import Synchronization

/// Limits how many unknown commands a worker quarantines. Anyone who may publish can invent names, and quarantine is
/// bounded, so each one may push out another sender's message.
package final class QuarantineAllowance: Sendable {
    /// Per worker. The first few suffice to notice a misspelt name; a day of them fills a quarter of quarantine.
    private static let perMinute = 20

    private struct State {
        var begin: ContinuousClock.Instant
        var taken = 0
        var leftOut = 0
    }

    private let logger: Logger
    private let leftOut = Counter(label: "sojourn_quarantine_left_out_total")
    private let state: Mutex<State>
    private let clock: @Sendable () -> ContinuousClock.Instant

    package init(logger: Logger, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.logger = logger
        self.clock = clock
        state = Mutex(State(begin: clock()))
    }

    /// Whether another one is allowed.
    package func take(at moment: ContinuousClock.Instant? = nil) -> Bool {
        let now = moment ?? clock()
        let (isTaken, isFirstLeftOut, before) = state.withLock { state in
            var before = 0
            if now - state.begin >= .seconds(60) {
                before = state.leftOut
                state = State(begin: now)
            }
            if state.taken < Self.perMinute {
                state.taken += 1
                return (true, false, before)
            }
            state.leftOut += 1
            return (false, state.leftOut == 1, before)
        }
        if before > 0 {
            logger.warning(
                "unknown commands were answered but not quarantined", metadata: [LogKey.count: "\(before)"])
        }
        if isFirstLeftOut {
            logger.warning(
                "too many unknown commands: no more are quarantined in this minute",
                metadata: [LogKey.count: "\(Self.perMinute)"])
        }
        if !isTaken { leftOut.increment() }
        return isTaken
    }
}
