import ConnectionSupport
import NIOCore
import RedisNIO
import SessionStorage

/// What to do with commands that the store did not carry out. A value: the lane does what it says.
struct BatchRetry {
    /// How long commands are kept for a store that is not there, before they are answered with `unavailable`.
    static let patience: TimeAmount = .seconds(60)
    /// How often a batch may fail with the store there before it is tried in halves: something in it may be the reason.
    private static let failuresOfBatch = 3
    /// How often a single command may fail so before it is given up.
    private static let failuresOfCommand = 8

    enum Step: Equatable {
        case again(after: Duration)
        /// Beside the batches that follow: the store can be read, and reads shall not wait for what it refuses to write.
        case apart(after: Duration)
        case halves
        /// They cannot be carried out.
        case giveUp
        /// Nothing happened, and they have waited long enough.
        case unavailable
    }

    private let begin: NIODeadline
    private let isApart: Bool
    private var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
    private var failures = 0
    /// Commands that may have had their effect are kept for as long as it takes: `unavailable` says that nothing happened.
    private(set) var mayHaveHappened: Bool

    /// - Parameters:
    ///   - isApart: whether this is beside other batches already.
    ///   - mayHaveHappened: whether that is known of an earlier attempt, with a batch that this one was a part of.
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
