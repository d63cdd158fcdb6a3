/// Milliseconds since 1970-01-01T00:00:00Z, by the clock that all decisions use: Redis `TIME`.
package struct Timestamp: Hashable, Sendable, Comparable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The moment `seconds` later (or earlier, if negative), clamped to the range of `Int64`.
    package func adding(seconds: Int) -> Timestamp {
        let (added, isTooMuch) = Int64(seconds).multipliedReportingOverflow(by: 1000)
        let (sum, isBeyond) = milliseconds.addingReportingOverflow(added)
        guard isTooMuch || isBeyond else { return Timestamp(milliseconds: sum) }
        return Timestamp(milliseconds: seconds < 0 ? .min : .max)
    }

    /// Seconds since 1970, rounded down: the unit of times in a JWT (RFC 7519, section 2).
    package var wholeSeconds: Int64 {
        milliseconds / 1000
    }

    /// The beginning of the second that contains this moment.
    package var roundedDown: Timestamp {
        Timestamp(milliseconds: wholeSeconds * 1000)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
