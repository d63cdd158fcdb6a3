import FoundationEssentials
import NIOCore

/// When the time of a command is up: by the clock that measures the wait, and by that which the worker reads.
struct CommandDeadline: Sendable {
    /// Of a timeout.
    static let longest: Duration = .seconds(3600)

    let timeout: Duration
    private let end: ContinuousClock.Instant
    /// Milliseconds since the epoch: the header `deadline` (contract §2).
    let header: Int64

    init(after timeout: Duration) {
        self.timeout = timeout
        end = .now + timeout
        header = Int64(((Date().timeIntervalSince1970 + timeout / .seconds(1)) * 1000).rounded())
    }

    /// What is left of the time; not negative.
    var left: Duration { max(.zero, ContinuousClock.now.duration(to: end)) }
}
