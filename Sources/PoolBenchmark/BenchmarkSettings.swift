/// What a benchmark does, each number with its bounds.
package struct BenchmarkSettings: Sendable, Equatable {
    /// What is sent, one mix after the other.
    package var mixes: [CommandMix] = [.day]
    /// The most commands in flight. In a closed loop it is also the least: each reply triggers the next command.
    package var outstanding = 256
    /// Commands per second of an open loop; nil for a closed one.
    package var rate: Int?
    /// How long each mix is measured; the echo is measured for as long in all, but at most ten seconds.
    package var seconds = 10
    /// How long each mix is sent before it is measured.
    package var warmUpSeconds = 2
    /// Sessions created beforehand, about which commands are sent; nil: 20 000 if they are to be revoked, else 2000.
    package var sessions: Int?
    /// The most sessions that the run creates; a login storm ends early when it has.
    package var maxSessions = 200_000
    /// How long to wait for a reply.
    package var timeoutSeconds = 10

    package init() {}

    package enum Bounds {
        /// All prefetches of ten workers together; more would only wait in the queue.
        package static let outstanding = 1...10_000
        /// Several times what a broker of one machine carries.
        package static let rate = 1...100_000
        package static let seconds = 1...3600
        package static let warmUpSeconds = 0...600
        package static let sessions = 1...1_000_000
        /// Two gigabytes of Redis memory, until they expire.
        package static let maxSessions = 1...1_000_000
        package static let timeoutSeconds = 1...60
    }

    /// Sessions needed so that each outstanding command finds one for itself.
    package var sessionsToPrepare: Int {
        let usual = sessions ?? (mixes.contains(.revoke) ? 20_000 : 2000)
        let needed = mixes.contains { $0 != .login }
        return needed ? min(maxSessions, max(usual, 2 * outstanding)) : 0
    }

    /// The longest that the run's sessions are needed: everything it does, every timeout included, and some minutes to
    /// remove them.
    var lifetimeSeconds: Int {
        let phases = mixes.count + 2
        return phases * (seconds + warmUpSeconds + timeoutSeconds) + 2 * LoadLimits.listSeconds + 300
    }

    var pace: Phase.Pace { rate.map { .open(rate: $0) } ?? .closed }
}

/// Limits of a run that are no settings.
enum LoadLimits {
    /// Creating or revoking the sessions is given up after ten minutes.
    static let listSeconds = 600
    /// Each half of the echo: its figures do not change any more after this.
    static let echoSeconds = 5.0
}
