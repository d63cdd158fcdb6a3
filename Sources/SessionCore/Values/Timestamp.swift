/// A moment as milliseconds since 1970-01-01T00:00:00Z, by the one clock that decides: Redis `TIME`.
package struct Timestamp: Hashable, Sendable, Comparable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The moment `seconds` later (earlier where negative).
    package func adding(seconds: Int) -> Timestamp {
        Timestamp(milliseconds: milliseconds + Int64(seconds) * 1000)
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
