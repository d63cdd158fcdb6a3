import Metrics

/// An aggregating recorder, or a timer, whose nanoseconds are converted to seconds.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    private let bounds: [Double]
    /// One more than the bounds, for values above all of them. Not cumulative, so that recording touches only one.
    private let counts: [AtomicCount]
    private let sum = AtomicNumber()

    init(bounds: [Double]) {
        self.bounds = bounds
        self.counts = (0...bounds.count).map { _ in AtomicCount() }
    }

    func record(_ value: Int64) {
        record(Double(value))
    }

    func record(_ value: Double) {
        // A single NaN or infinity would corrupt the sum for the lifetime of the process.
        guard value.isFinite else { return }
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count].increment()
        sum.add(value)
    }

    func recordNanoseconds(_ duration: Int64) {
        record(Double(max(duration, 0)) / 1_000_000_000)
    }

    var sampleCount: Int { counts.count + 2 }
    var value: Double? { nil }

    /// Not cumulative; the last one is of values above all bounds.
    var bucketCounts: [UInt64] { counts.map(\.current) }

    func append(to page: inout String, name: String, labels: String) {
        let comma = labels.isEmpty ? "" : ","
        // The total is computed from the counts read here, so that it always equals the last bucket.
        var total: UInt64 = 0
        for (bound, count) in zip(bounds.map(prometheusText) + ["+Inf"], counts) {
            total += count.current
            page.appendSample("\(name)_bucket", labels: "\(labels)\(comma)le=\"\(bound)\"", value: String(total))
        }
        page.appendSample("\(name)_sum", labels: labels, value: prometheusText(sum.current))
        page.appendSample("\(name)_count", labels: labels, value: String(total))
    }
}
