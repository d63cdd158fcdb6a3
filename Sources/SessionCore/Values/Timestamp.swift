/// A moment as milliseconds since 1970-01-01T00:00:00Z, by the one clock that decides: Redis `TIME`.
package struct Timestamp: Hashable, Sendable, Comparable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The moment `seconds` later (earlier where negative); the last or first there is, where that would be beyond.
    package func adding(seconds: Int) -> Timestamp {
        let (added, isTooMuch) = Int64(seconds).multipliedReportingOverflow(by: 1000)
        let (sum, isBeyond) = milliseconds.addingReportingOverflow(added)
        guard isTooMuch || isBeyond else { return Timestamp(milliseconds: sum) }
        return Timestamp(milliseconds: seconds < 0 ? .min : .max)
    }

    /// The same in seconds, rounded down: the unit of a JWT's times (RFC 7519, section 2).
    package var wholeSeconds: Int64 {
        milliseconds / 1000
    }

    /// The whole second that this moment lies in.
    package var roundedDown: Timestamp {
        Timestamp(milliseconds: wholeSeconds * 1000)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
