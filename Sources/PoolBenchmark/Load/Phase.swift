/// One part of a run: which commands are sent, how fast, and for how long.
struct Phase: Sendable {
    enum Content: Sendable {
        case mix(CommandMix)
        case echo
        /// Creates this many sessions. Not measured.
        case preparation(count: Int)
        /// Revokes the sessions of these subjects. Not measured.
        case cleanUp(subjects: [Int])
    }

    enum Pace: Sendable, Equatable {
        /// Each reply triggers the next command.
        case closed
        /// Commands per second, sent whether or not replies arrive.
        case open(rate: Int)
    }

    var content: Content
    var pace: Pace
    var warmUpSeconds: Double
    var seconds: Double

    init(_ content: Content, pace: Pace = .closed, warmUpSeconds: Double = 0, seconds: Double) {
        self.content = content
        self.pace = pace
        self.warmUpSeconds = warmUpSeconds
        self.seconds = seconds
    }
}

/// What a run is doing right now.
package struct BenchmarkProgress: Sendable {
    package enum Activity: Sendable, Equatable {
        case preparing
        case warmingUp(String)
        case measuring(String)
        case cleaningUp
    }

    package let activity: Activity
    /// From 0 to 1.
    package let fraction: Double
    /// Since the last report.
    package let perSecond: Double
    /// Milliseconds, since the last report; nil if nothing arrived.
    package let p99: Double?
    /// Failures and timeouts since the phase began.
    package let failed: Int
}
