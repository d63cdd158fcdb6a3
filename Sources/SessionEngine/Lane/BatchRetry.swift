import ConnectionSupport
import NIOCore
import RedisNIO
import SessionStorage

/// Decides what to do with commands that the store did not execute. A value: the lane does what it decides.
struct BatchRetry {
    /// How long commands wait for an unreachable store before they are answered with `unavailable`.
    static let patience: TimeAmount = .seconds(60)
    /// How long commands wait for the key of a record. A worker rereads its keyring at most a second later, or ten if
    /// it comes from a command.
    static let patienceForKeys: TimeAmount = .seconds(15)
    /// How long commands for a later version wait here, before they are put back: otherwise they would go round and round
    /// while every other worker is busy.
    private static let pauseForLaterVersion = Duration.milliseconds(250)
    /// How often a batch may fail while the store is reachable before it is retried in halves: a command in it may be
    /// the cause.
    private static let failuresOfBatch = 3
    /// How often a single command may fail that way before it is given up.
    private static let failuresOfCommand = 8

    enum Step: Equatable {
        case again(after: Duration)
        /// Alongside later batches, which must not wait for it: the store works, and does not execute these commands.
        case apart(after: Duration)
        case halves
        /// Return to their queues, for a worker of a later version.
        case putBack
        /// Give up commands that cannot be executed.
        case giveUp
        /// Fail as `unavailable`: nothing happened, and they have waited long enough.
        case unavailable
    }

    private let begin: NIODeadline
    private let isApart: Bool
    /// Short, because it adds to the pause before the store is connected again; without a connection, a retry costs
    /// nothing.
    private var backoff = Backoff(initial: .milliseconds(50), maximum: .milliseconds(500))
    /// A keyring is not reread more often than once a second.
    private var backoffForKeys = Backoff(initial: .milliseconds(100), maximum: .seconds(4))
    private var failures = 0
    /// Commands that may have had an effect are retried indefinitely, because `unavailable` promises that nothing
    /// happened.
    private(set) var mayHaveHappened: Bool

    /// - Parameters:
    ///   - isApart: whether this already runs alongside other batches.
    ///   - mayHaveHappened: whether an earlier attempt, with a batch that this one was part of, may have had an effect.
    init(begin: NIODeadline, isApart: Bool, mayHaveHappened: Bool = false) {
        self.begin = begin
        self.isApart = isApart
        self.mayHaveHappened = mayHaveHappened
    }

    mutating func next(
        after failure: StoreError, of count: Int, now: NIODeadline, using random: inout some RandomNumberGenerator
    ) -> Step {
        mayHaveHappened = mayHaveHappened || failure.mayHaveHappened
        if failure.cause == .laterVersion { return isApart ? .putBack : .apart(after: Self.pauseForLaterVersion) }
        if failure.cause == .refused { failures += 1 }
        if failures >= Self.failuresOfBatch, count > 1 { return .halves }
        if failures >= Self.failuresOfCommand { return .giveUp }
        if !mayHaveHappened, now - begin > failure.cause.patience { return .unavailable }
        let delay =
            switch failure.cause {
            case .keyUnknown: backoffForKeys.next(using: &random)
            case .away, .writesRefused, .laterVersion, .refused: backoff.next(using: &random)
            }
        return failure.cause.concernsTheStore || isApart ? .again(after: delay) : .apart(after: delay)
    }
}

extension StoreError.Cause {
    /// How long commands wait before they are answered with `unavailable`.
    fileprivate var patience: TimeAmount {
        switch self {
        case .away, .writesRefused, .laterVersion, .refused: BatchRetry.patience
        case .keyUnknown: BatchRetry.patienceForKeys
        }
    }

    /// Whether later batches would fail for the same reason.
    fileprivate var concernsTheStore: Bool {
        switch self {
        case .away: true
        case .writesRefused, .keyUnknown, .laterVersion, .refused: false
        }
    }
}
