package import Logging
import Metrics
import Synchronization

/// How many commands with unknown names a worker puts into quarantine: anybody who may publish at all can make them up,
/// and quarantine is bounded, so that what they fill it with is paid for by what others have there.
package final class QuarantineAllowance: Sendable {
    /// Of one worker. A misspelt name is seen by the first few that come; a day of them is a quarter of a quarantine.
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

    /// Whether there is room for one more.
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
                "unknown commands were answered and not kept in quarantine", metadata: [LogKey.count: "\(before)"])
        }
        if isFirstLeftOut {
            logger.warning(
                "many unknown commands come: no more of them are kept in quarantine in this minute",
                metadata: [LogKey.count: "\(Self.perMinute)"])
        }
        if !isTaken { leftOut.increment() }
        return isTaken
    }
}
