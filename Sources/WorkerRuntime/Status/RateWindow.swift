import Synchronization

/// What happened in the last minute, from samples of counters that only grow.
final class RateWindow: Sendable {
    /// The counters at a moment.
    struct Sample: Sendable {
        let at: ContinuousClock.Instant
        let commands: Double
        /// Commands that were rejected or failed.
        let refused: Double
        /// Of the answer times: not cumulative, one more than the bounds.
        let buckets: [UInt64]
    }

    /// What happened between two samples.
    struct Rates: Hashable, Sendable {
        let seconds: Double
        let commandsPerSecond: Double
        let refusedPerSecond: Double
        /// By percentile, in seconds; `nil` if nothing was answered.
        let median: Double?
        let p95: Double?
        let p99: Double?
    }

    static let interval: Duration = .seconds(5)
    private static let most = 13

    private let bounds: [Double]
    private let samples = Mutex<[Sample]>([])

    init(bounds: [Double]) {
        self.bounds = bounds
    }

    func add(_ sample: Sample) {
        samples.withLock { samples in
            if samples.count == Self.most { samples.removeFirst() }
            samples.append(sample)
        }
    }

    /// - Parameter now: the counters as they are now.
    func rates(until now: Sample) -> Rates? {
        guard let first = samples.withLock({ $0.first }) else { return nil }
        let seconds = (now.at - first.at) / .seconds(1)
        guard seconds > 0 else { return nil }
        let new =
            first.buckets.isEmpty ? now.buckets : zip(now.buckets, first.buckets).map { $0 >= $1 ? $0 - $1 : 0 }
        return Rates(
            seconds: seconds, commandsPerSecond: max(0, now.commands - first.commands) / seconds,
            refusedPerSecond: max(0, now.refused - first.refused) / seconds,
            median: percentile(0.5, of: new), p95: percentile(0.95, of: new), p99: percentile(0.99, of: new))
    }

    /// Like Prometheus's `histogram_quantile`: the values of a bucket are taken to be spread evenly, and those above all
    /// bounds to be at the last one.
    private func percentile(_ share: Double, of counts: [UInt64]) -> Double? {
        let total = counts.reduce(0, +)
        guard total > 0, counts.count == bounds.count + 1 else { return nil }
        let rank = share * Double(total)
        var below: UInt64 = 0
        for (place, count) in counts.enumerated() where count > 0 {
            guard Double(below + count) >= rank else {
                below += count
                continue
            }
            guard place < bounds.count else { break }
            let lower = place == 0 ? 0 : bounds[place - 1]
            return lower + (bounds[place] - lower) * (rank - Double(below)) / Double(count)
        }
        return bounds.last
    }
}
