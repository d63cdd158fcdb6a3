package import Histogram

/// Latencies in nanoseconds: a histogram with three significant digits (HdrHistogram).
package struct Latencies: Sendable {
    /// An hour: the longest run. A longer latency is recorded as this.
    static let longest: UInt64 = 3_600_000_000_000

    package private(set) var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1000, highestTrackableValue: longest, numberOfSignificantValueDigits: .three)

    package init() {}

    package var count: Int { Int(histogram.totalCount) }
    /// Milliseconds.
    package var mean: Double { count == 0 ? 0 : histogram.mean / 1e6 }
    /// Milliseconds.
    package var max: Double { Double(histogram.max) / 1e6 }

    /// The latency in milliseconds that this part of the commands did not exceed.
    ///
    /// - Parameter percentile: from 0 to 100.
    package func milliseconds(at percentile: Double) -> Double {
        count == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1e6
    }

    mutating func record(_ nanoseconds: UInt64) {
        histogram.record(min(nanoseconds, Self.longest))
    }

    mutating func add(_ other: Latencies) {
        histogram.add(other.histogram)
    }

    /// These latencies, with those that clients would have seen who send one command each `expectedInterval`, whether or not
    /// the last one was answered: HdrHistogram's correction for coordinated omission.
    ///
    /// It only makes sense for a closed loop, whose clients wait while the pool stalls. An open loop needs no correction: it
    /// measures from when each command was due.
    ///
    /// - Parameter expectedInterval: nanoseconds; 0 changes nothing.
    package func corrected(expectedInterval: UInt64) -> Latencies {
        // The correction adds a value for each interval that fits into a latency, so an interval of nanoseconds would take hours.
        guard expectedInterval >= 1000 else { return self }
        var corrected = Latencies()
        for value in histogram.recordedValues() {
            corrected.histogram.recordCorrectedValue(
                value.value, count: value.count, expectedInterval: expectedInterval)
        }
        return corrected
    }
}
