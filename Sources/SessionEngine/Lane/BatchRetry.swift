import ConnectionSupport
import NIOCore
import RedisNIO
import SessionStorage

/// Decides what to do with commands that the store did not execute. A value: the lane does what it decides.
struct BatchRetry {
    /// How long commands wait for an unreachable store before they are answered with `unavailable`.
    static let patience: TimeAmount = .seconds(60)
    /// How often a batch may fail while the store is reachable before it is retried in halves: a command in it may be
    /// the cause.
    private static let failuresOfBatch = 3
    /// How often a single command may fail that way before it is given up.
    private static let failuresOfCommand = 8

    enum Step: Equatable {
        case again(after: Duration)
        /// Alongside later batches: the store can still be read, and reads must not wait for refused writes.
        case apart(after: Duration)
        case halves
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
        if failure.cause == .refused { failures += 1 }
        if failures >= Self.failuresOfBatch, count > 1 { return .halves }
        if failures >= Self.failuresOfCommand { return .giveUp }
        if !mayHaveHappened, now - begin > Self.patience { return .unavailable }
        let delay = backoff.next(using: &random)
        return failure.cause == .writesRefused && !isApart ? .apart(after: delay) : .again(after: delay)
    }
}
