import FoundationEssentials
import Glibc

/// A time of the wall clock.
package struct UnixTime: Comparable, Hashable, Sendable {
    /// Since 1970, without leap seconds.
    package var milliseconds: Int64

    package static var now: UnixTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// - Parameter seconds: from 0 to ``latest``.
    package init(seconds: Int64) {
        milliseconds = seconds * 1000
    }

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The end of the year 9999, in seconds: what RFC 3339 can express.
    static let latest: Int64 = 253_402_300_799

    var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    package static func < (left: UnixTime, right: UnixTime) -> Bool { left.milliseconds < right.milliseconds }

    package static func + (time: UnixTime, duration: Duration) -> UnixTime {
        UnixTime(milliseconds: time.milliseconds + duration.inMilliseconds)
    }

    package static func - (time: UnixTime, duration: Duration) -> UnixTime {
        UnixTime(milliseconds: time.milliseconds - duration.inMilliseconds)
    }
}

extension Duration {
    fileprivate var inMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
