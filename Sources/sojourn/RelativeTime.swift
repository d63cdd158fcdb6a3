import SessionCore

/// How far a moment is away, in words: `in 3 min`, `2 h ago`.
enum RelativeTime {
    static func words(_ moment: Timestamp, from now: Timestamp) -> String {
        let seconds = (moment.milliseconds - now.milliseconds) / 1000
        if seconds == 0 { return "now" }
        let length = words(ofSeconds: seconds.magnitude)
        return seconds > 0 ? "in \(length)" : "\(length) ago"
    }

    /// In the largest unit of which there are at least two.
    static func words(ofSeconds seconds: UInt64) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) days"
        }
    }
}
