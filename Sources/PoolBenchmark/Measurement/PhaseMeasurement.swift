/// What was measured of one command.
package struct CommandMeasurement: Sendable {
    /// Of the replies, and of commands without one: those with the time that they had waited.
    package internal(set) var latencies = Latencies()
    /// Equal to ``succeeded``, all ``errors`` and ``timedOut`` together.
    package internal(set) var sent = 0
    package internal(set) var succeeded = 0
    /// By code. The codes come from a server, so their number is bounded.
    package private(set) var errors: [String: Int] = [:]
    package internal(set) var timedOut = 0

    package init() {}

    package var failed: Int { errors.values.reduce(0, +) }

    /// Where codes beyond the bound are counted. The contract has 36.
    static let otherErrors = "other"
    private static let maxCodes = 64

    mutating func count(_ verdict: ReplyScan.Verdict) {
        switch verdict {
        case .succeeded: succeeded += 1
        case .failed(let code):
            let isKnown = errors[code] != nil || errors.count < Self.maxCodes
            errors[isKnown ? code : Self.otherErrors, default: 0] += 1
        }
    }

    mutating func add(_ other: CommandMeasurement) {
        latencies.add(other.latencies)
        sent += other.sent
        succeeded += other.succeeded
        timedOut += other.timedOut
        for (code, count) in other.errors { errors[code, default: 0] += count }
    }
}

/// What was measured while one mix, or the echo, was sent.
package struct PhaseMeasurement: Sendable {
    package internal(set) var commands: [MeasuredCommand: CommandMeasurement] = [:]
    /// How long was measured, without warm-up and without waiting for the last replies.
    package internal(set) var seconds = 0.0
    /// Replies that arrived in that time, whenever their commands were sent: what rates and CPU times refer to.
    package internal(set) var arrived = 0
    /// Commands of an open loop that were due, and for which there never was a free slot. They count as timed out.
    package internal(set) var unsent = 0
    package internal(set) var points: [TimePoint] = []
    /// CPU seconds that each process used in that time.
    package internal(set) var cpu: [ProcessRole: Double] = [:]
    /// Why the phase ended before its time, if it did.
    package internal(set) var endedEarly: String?

    package init() {}

    package var perSecond: Double { seconds > 0 ? Double(arrived) / seconds : 0 }

    /// All commands together.
    package var total: CommandMeasurement {
        var total = CommandMeasurement()
        for measurement in commands.values { total.add(measurement) }
        return total
    }

    /// Microseconds per command; nil if the process is not on this machine.
    package func cpuMicroseconds(of role: ProcessRole) -> Double? {
        guard arrived > 0, let seconds = cpu[role] else { return nil }
        return seconds / Double(arrived) * 1e6
    }

    mutating func add(_ other: PhaseMeasurement) {
        commands.merge(other.commands) { mine, theirs in
            var sum = mine
            sum.add(theirs)
            return sum
        }
        points += other.points.map { point in
            var later = point
            later.second += seconds
            return later
        }
        seconds += other.seconds
        arrived += other.arrived
        unsent += other.unsent
        cpu.merge(other.cpu, uniquingKeysWith: +)
        endedEarly = endedEarly ?? other.endedEarly
    }
}

/// A short part of a phase.
package struct TimePoint: Sendable, Equatable {
    /// The middle of the part, in seconds since the phase's measurement began.
    package internal(set) var second: Double
    package let perSecond: Double
    /// Milliseconds; nil if nothing arrived.
    package let p50: Double?
    package let p99: Double?
}

/// Collects the replies of one part of a phase after the other.
struct IntervalRecorder {
    private var latencies = Latencies()
    private var since: UInt64
    private let start: UInt64

    /// - Parameter start: when the phase's measurement begins, in nanoseconds of the monotonic clock.
    init(start: UInt64) {
        self.start = start
        since = start
    }

    mutating func record(_ nanoseconds: UInt64) {
        latencies.record(nanoseconds)
    }

    /// Ends the part, and begins the next.
    mutating func cut(at now: UInt64) -> TimePoint? {
        guard now > since else { return nil }
        defer {
            since = now
            latencies = Latencies()
        }
        let seconds = Double(now - since) / 1e9
        let isEmpty = latencies.count == 0
        return TimePoint(
            second: Double(since - start) / 1e9 + seconds / 2, perSecond: Double(latencies.count) / seconds,
            p50: isEmpty ? nil : latencies.milliseconds(at: 50), p99: isEmpty ? nil : latencies.milliseconds(at: 99))
    }
}
