/// Upper bounds of histogram buckets, ascending; `+Inf` is added implicitly. They are fixed, so that histograms of all
/// workers can be summed and dashboards survive a release.
enum HistogramBuckets {
    /// For durations, from 50 µs (a round trip to a Redis on the same machine) to 10 s (beyond any caller's patience).
    /// OpenTelemetry's own bounds for messaging begin at 5 ms, above most of what happens here.
    static let seconds: [Double] = [
        0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// For counts and sizes: batches, bytes, entries.
    static let amounts: [Double] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000, 1_000_000,
    ]

    /// Chosen by the name, which contains the unit by Prometheus's conventions.
    static func forRecorder(named name: String) -> [Double] {
        name.hasSuffix("_seconds") ? seconds : amounts
    }
}
